/*
 * The addresses of a host before a deadline: getaddrinfo(3) alone waits for a name server as long as resolv.conf says.
 */
#ifndef CDC_LOOK_UP_H
#define CDC_LOOK_UP_H

#include <netdb.h>

#include "value/clock.h"

/*
 * 0 and *ret, to be freed with freeaddrinfo; one of getaddrinfo's EAI_ codes; or CDC_LOOK_UP_LATE when the deadline
 * passed. A question without an answer keeps a thread and a little memory until the process ends.
 */
#define CDC_LOOK_UP_LATE 1

int cdc_look_up(const char *host, const struct cdc_deadline *deadline, struct addrinfo **ret);

#endif
