/* Linux's Landlock: which files a process may open, by where they lie. */
#include "landlock.h"

#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's interface as of ABI 6; the system's header may be older. */
struct ruleset {
	uint64_t files;
	uint64_t net;    /* from ABI 4 on */
	uint64_t scoped; /* from ABI 6 on */
};
#define FILES_1 ((UINT64_C(1) << 13) - 1) /* EXECUTE to MAKE_SYM */
#define FILES_REFER (UINT64_C(1) << 13)
#define FILES_TRUNCATE (UINT64_C(1) << 14)
#define FILES_IOCTL_DEV (UINT64_C(1) << 15)
#define NET_BIND UINT64_C(1)
#define NET_CONNECT UINT64_C(2)
#define SCOPED_SOCKET_SIGNAL UINT64_C(3)

#define READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define MAKING (LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE)

/* All that a kernel of this ABI can forbid, but what is allowed everywhere.
 * Returns the size of the struct that it knows. */
static size_t forbid_all(struct ruleset *r, long abi, bool bind)
{
	*r = (struct ruleset){.files = FILES_1};
	if (abi >= 2)
		r->files |= FILES_REFER;
	if (abi >= 3)
		r->files |= FILES_TRUNCATE;
	if (abi >= 4)
		r->net = bind ? NET_CONNECT : NET_BIND | NET_CONNECT;
	if (abi >= 5)
		r->files |= FILES_IOCTL_DEV;
	if (abi >= 6)
		r->scoped = SCOPED_SOCKET_SIGNAL;
	return abi >= 6   ? sizeof *r
	       : abi >= 4 ? offsetof(struct ruleset, scoped)
			  : offsetof(struct ruleset, net);
}

static bool allow_below(int ruleset, int directory, uint64_t access)
{
	struct landlock_path_beneath_attr beneath = {.allowed_access = access,
						     .parent_fd = directory};
	if (!syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
		     &beneath, 0))
		return true;
	log_debug("Landlock: a directory's rule: %s", strerror(errno));
	return false;
}

/* A directory that is not there needs no rule. */
static bool allow(int ruleset, const char *directory, uint64_t access)
{
	int fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool added = allow_below(ruleset, fd, access);
	close(fd);
	return added;
}

static int make_ruleset(const struct landlock_allowed *a)
{
	struct ruleset r;
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
			   LANDLOCK_CREATE_RULESET_VERSION);
	if (abi < 1)
		return -1;
	size_t size = forbid_all(&r, abi, a->bind);
	int fd = (int)syscall(SYS_landlock_create_ruleset, &r, size, 0);
	if (fd < 0)
		return -1;
	/* not a rule set that forbids what has to go on */
	if (a->read && !allow(fd, "/", READING)) {
		close(fd);
		return -1;
	}
	for (size_t i = 0; i < a->temp_count; i++)
		allow(fd, a->temps[i],
		      READING | LANDLOCK_ACCESS_FS_WRITE_FILE |
			  (a->make ? MAKING : 0));
	if (a->directory)
		allow_below(fd, *a->directory,
			    LANDLOCK_ACCESS_FS_WRITE_FILE |
				LANDLOCK_ACCESS_FS_MAKE_REG);
	return fd;
}

bool landlock_confine(const struct landlock_allowed *allowed)
{
	int fd = make_ruleset(allowed);
	bool done = fd >= 0 && !syscall(SYS_landlock_restrict_self, fd, 0);
	if (!done)
		log_debug("no Landlock here: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	return done;
}
