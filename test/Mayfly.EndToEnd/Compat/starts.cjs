// Starts the agent again and again, and looks for its file as often as it can: at the first moment the file is there, a connection must be accepted
// and answered. Arguments: number of starts, port, the agent's command. Prints one JSON line: the status of each first answer.
'use strict'
const fs = require('fs')
const net = require('net')
const { spawn } = require('child_process')

const FILE = '/tmp/datadog/mini_agent_ready'
const [count, port, file, ...args] = process.argv.slice(2)

const ask = () => new Promise(resolve => {
  const socket = net.connect(Number(port), '127.0.0.1', () => socket.write('GET /info HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'))
  socket.setTimeout(10000, () => resolve('timeout'))
  socket.on('error', e => resolve(e.code))
  socket.once('data', data => { resolve(data.toString('latin1').split(' ')[1]); socket.destroy() })
})

const main = async () => {
  const answers = []
  let left = 0
  for (let i = 0; i < Number(count); i++) {
    const agent = spawn(file, args, { stdio: ['ignore', 'ignore', 'inherit'] })
    const ended = new Promise(resolve => agent.once('exit', code => resolve(code)))
    const limit = Date.now() + 20000
    while (!fs.existsSync(FILE) && Date.now() < limit && agent.exitCode === null) { /* at once */ }
    answers.push(await ask())
    agent.kill('SIGTERM')
    const code = await ended
    if (code !== 0) answers.push(`exit ${code}`)
    if (fs.existsSync(FILE)) left++
  }
  console.log(JSON.stringify({ answers, left }))
}
main()
