#include "client/look_up.h"

#include "base/base.h"

#include <errno.h>
#include <stdlib.h>

/* What the resolver's thread reads and writes, even after nobody waits for it any more. */
struct question {
	struct gaicb gaicb;
	struct addrinfo hints;
	char *host;
};

static void release(struct question *question)
{
	free(question->host);
	free(question);
}

static int wait_for(struct question *question, const struct cdc_deadline *deadline)
{
	const struct gaicb *list[] = { &question->gaicb };
	int64_t left;

	while (gai_error(&question->gaicb) == EAI_INPROGRESS) {
		struct timespec time;

		left = cdc_deadline_left_ms(deadline);
		if (left <= 0)
			return CDC_LOOK_UP_LATE;
		time = (struct timespec){ .tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000 };
		gai_suspend(list, 1, &time);
	}
	return gai_error(&question->gaicb);
}

static int ask(const char *host, const struct addrinfo *hints, const struct cdc_deadline *deadline,
    struct addrinfo **ret)
{
	struct question *question = cdc_alloc(1, sizeof(*question));
	struct gaicb *list[] = { &question->gaicb };
	int code;

	question->host = cdc_strdup(host);
	question->hints = *hints;
	question->gaicb.ar_name = question->host;
	question->gaicb.ar_request = &question->hints;
	code = getaddrinfo_a(GAI_NOWAIT, list, 1, NULL);
	if (code == 0)
		code = wait_for(question, deadline);
	if (code == 0)
		*ret = question->gaicb.ar_result;
	/* a question that is still asked stays behind */
	if (code != CDC_LOOK_UP_LATE || gai_cancel(&question->gaicb) == EAI_CANCELED)
		release(question);
	return code;
}

int cdc_look_up(const char *host, const struct cdc_deadline *deadline, struct addrinfo **ret)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST };

	/* an address needs neither a name server nor a thread */
	if (getaddrinfo(host, NULL, &hints, ret) == 0)
		return 0;
	hints.ai_flags = 0;
	return ask(host, &hints, deadline, ret);
}
