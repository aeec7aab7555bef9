/*
 * What the bare client library needs for one page: libcurl, the same request as check_cdc_lag's, the body thrown away.
 * The yardstick for tests/bench/run.
 */
#include <curl/curl.h>

static size_t discard(char *bytes, size_t size, size_t n, void *arg)
{
	(void)bytes;
	(void)arg;
	return size * n;
}

int main(int argc, char **argv)
{
	CURL *curl = argc > 1 ? curl_easy_init() : NULL;
	struct curl_slist *headers = curl_slist_append(NULL, "Accept: text/plain;version=0.0.4");
	CURLcode code;

	if (!curl)
		return 3;
	curl_easy_setopt(curl, CURLOPT_URL, argv[1]);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, discard);
	curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
	code = curl_easy_perform(curl);
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	return code == CURLE_OK ? 0 : 2;
}
