/* As whom a program that was started by root goes on. */
#include "identity.h"

#include "log.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DEFAULT "nobody"

struct identity identity_find(const char *name)
{
	bool root = !geteuid();
	struct identity i = {.name = name};
	if (!name && !root)
		return i;
	if (!name)
		i.name = DEFAULT;
	errno = 0;
	const struct passwd *user = getpwnam(i.name);
	if (!user)
		log_usage("--user %s: %s", i.name,
			  errno ? strerror(errno) : "no such user");
	if (!root && user->pw_uid != geteuid())
		log_usage("--user %s: only root can become another user",
			  i.name);
	i.uid = user->pw_uid;
	i.gid = user->pw_gid;
	i.change = root && i.uid;
	return i;
}

/* What the system says of it afterwards counts, not that no call failed. */
static bool is_taken(const struct identity *i)
{
	uid_t u[3] = {0};
	gid_t g[3] = {0}, group = i->gid;
	if (getresuid(&u[0], &u[1], &u[2]) || getresgid(&g[0], &g[1], &g[2]))
		return false;
	for (int k = 0; k < 3; k++)
		if (u[k] != i->uid || g[k] != i->gid)
			return false;
	int groups = getgroups(0, NULL);
	return groups == 0 ||
	       (groups == 1 && getgroups(1, &group) == 1 && group == i->gid);
}

static int become(const struct identity *i)
{
	if (!setgroups(1, &i->gid) && !setresgid(i->gid, i->gid, i->gid) &&
	    !setresuid(i->uid, i->uid, i->uid)) {
		if (is_taken(i) && setuid(0) && setgid(0))
			return 0;
		errno = EPERM;
	}
	log_warn("cannot become %s: %s (--user root stays root)", i->name,
		 strerror(errno));
	return -1;
}

static int give_up_capabilities(void)
{
	struct __user_cap_header_struct header = {
	    .version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};
	/* Kernels before 4.3 know no ambient ones. */
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (!syscall(SYS_capset, &header, none))
		return 0;
	log_warn("cannot give up capabilities: %s", strerror(errno));
	return -1;
}

int identity_take(const struct identity *i)
{
	if (i->change && become(i))
		return -1;
	return give_up_capabilities();
}
