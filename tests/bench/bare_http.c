/* Makes the same requests as a plugin with libcurl and does nothing with the answers: bare_http URL... */
#include <curl/curl.h>
#include <stdlib.h>

static size_t drop(char *bytes, size_t size, size_t n, void *arg)
{
	(void)bytes;
	(void)arg;
	return size * n;
}

int main(int argc, char **argv)
{
	CURL *easy;
	int code = 0;

	curl_global_init(CURL_GLOBAL_DEFAULT);
	easy = curl_easy_init();
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
	for (int i = 1; i < argc; i++) {
		curl_easy_setopt(easy, CURLOPT_URL, argv[i]);
		code |= (int)curl_easy_perform(easy);
	}
	curl_easy_cleanup(easy);
	return code ? 1 : 0;
}
