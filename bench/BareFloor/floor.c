/* The least that any HTTP server can do, in C on epoll: takes requests with Content-Length on 127.0.0.1:$FLOOR_PORT, looks at nothing else, answers each with
   two bytes. What it takes per span is the kernel's and cannot be saved by any agent: bench/README.md. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS 1024

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

/* Bytes that a connection still has to send of its request; 0: it has to send a head. */
static long wanted[CONNECTIONS];

/* A head comes in one piece: the load program sends it so. Returns how much of the body is missing. */
static long read_head(char *bytes, long length) {
  bytes[length] = 0;
  char *end = memmem(bytes, length, "\r\n\r\n", 4);
  if (!end) return 0;
  *end = 0;
  char *field = strcasestr(bytes, "\r\ncontent-length:");
  return (field ? atol(field + 17) : 0) - (length - (end + 4 - bytes));
}

int main(void) {
  static char bytes[1 << 20];
  const char *port = getenv("FLOOR_PORT");
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port ? atoi(port) : 0), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int one = 1;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 64)) return 1;

  int events = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
  epoll_ctl(events, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    if (epoll_wait(events, &event, 1, -1) < 1) continue;
    int connection = event.data.fd;
    if (connection == listener) {
      connection = accept(listener, 0, 0);
      if (connection < 0) continue;
      if (connection >= CONNECTIONS) {
        close(connection);
        continue;
      }
      setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      wanted[connection] = 0;
      event = (struct epoll_event){.events = EPOLLIN, .data.fd = connection};
      epoll_ctl(events, EPOLL_CTL_ADD, connection, &event);
      continue;
    }
    long length = read(connection, bytes, sizeof bytes - 1);
    if (length <= 0) {
      close(connection);
      continue;
    }
    wanted[connection] = wanted[connection] > 0 ? wanted[connection] - length : read_head(bytes, length);
    if (wanted[connection] <= 0) {
      wanted[connection] = 0;
      if (write(connection, answer, sizeof answer - 1) < 0) close(connection);
    }
  }
}
