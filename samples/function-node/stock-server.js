'use strict'

// A local HTTP server for the function's outgoing call, answered on a bare socket: an http.Server would be traced as a second service.

const net = require('node:net')

let port

exports.stockPort = () => port ??= new Promise((resolve, reject) => {
  const server = net.createServer(socket => {
    socket.on('error', () => socket.destroy())
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 14\r\nConnection: close\r\n\r\n{"in_stock":7}'))
  })
  server.on('error', reject)
  server.listen(0, '127.0.0.1', () => resolve(server.address().port))
  server.unref()
})
