// Package budget decides which request is sent to Azure next. One Scheduler
// serves every factory, tenant and kind of call, so that all of them together
// stay under a share of Azure's limits, what is urgent goes first, and no
// factory waits for another's history. It knows nothing of HTTP: the client
// asks it before each request and tells it how the request ended.
package budget
