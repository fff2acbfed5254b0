/* Starts a server, waits until it says where it serves, asks once, stops it:
 * prints the seconds from exec to the answer's first byte, the server's VmHWM
 * and RssAnon in kilobytes, how many exchanges it serves, and the seconds of
 * all cores together until its end. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Returns the reading end of the server's standard error. */
static FILE *start(char **command, pid_t *pid)
{
	int ends[2];

	if (pipe(ends))
		exit(1);
	*pid = fork();
	if (*pid < 0)
		exit(1);
	if (*pid == 0) {
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		execvp(command[0], command);
		_exit(127);
	}
	close(ends[1]);
	return fdopen(ends[0], "r");
}

/* The number behind "port" or "ports" of the line that says "serving", and the
 * one behind that word. */
static unsigned read_port(FILE *messages, unsigned long *exchanges)
{
	static const char word[] = ": serving ";
	char line[4096];
	const char *serving, *port;

	while (fgets(line, sizeof(line), messages)) {
		serving = strstr(line, word);
		port = serving ? strstr(serving, " port") : NULL;
		if (!port)
			continue;
		*exchanges = strtoul(serving + strlen(word), NULL, 10);
		return (unsigned)strtoul(port + strcspn(port, "0123456789"),
					 NULL, 10);
	}
	return 0;
}

/* False if no answer begins with HTTP. */
static int ask(unsigned port, const char *host, const char *target)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char answer[16] = "";

	if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return 0;
	dprintf(fd, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: first\r\n\r\n",
		target, host);
	if (read(fd, answer, sizeof(answer) - 1) <= 0)
		return 0;
	close(fd);
	return !strncmp(answer, "HTTP/1.1 200", 12);
}

/* A line of /proc/PID/status, in kB. */
static long status_of(pid_t pid, const char *name)
{
	char line[256], path[64];
	long value = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/status", (long)pid);
	f = fopen(path, "r");
	while (f && value < 0 && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			value = strtol(line + strlen(name) + 1, NULL, 10);
	if (f)
		fclose(f);
	return value;
}

static double cores_of_children(void)
{
	struct rusage u;

	getrusage(RUSAGE_CHILDREN, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv)
{
	double from = now(), to;
	unsigned long exchanges = 0;
	long peak, heap;
	FILE *messages;
	pid_t pid;
	int answered;

	if (argc < 4) {
		fputs("usage: first HOST TARGET COMMAND...\n", stderr);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	messages = start(argv + 3, &pid);
	answered = ask(read_port(messages, &exchanges), argv[1], argv[2]);
	to = now();
	peak = status_of(pid, "VmHWM");
	heap = status_of(pid, "RssAnon");
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	if (answered)
		printf("%.4f %ld %ld %lu %.4f\n", to - from, peak, heap,
		       exchanges, cores_of_children());
	else
		fputs("first: no answer\n", stderr);
	return !answered;
}
