'use strict'

// Undoes zstd: one body a line on standard input, in base64; one answer a line on standard output, the same.

const readline = require('node:readline')
const { decompress } = require('fzstd')

readline.createInterface({ input: process.stdin, terminal: false }).on('line', (line) => {
  process.stdout.write(Buffer.from(decompress(Buffer.from(line, 'base64'))).toString('base64') + '\n')
})
