'use strict'

// `node servers.js`: starts a server for each line that it reads, and prints the port that it listens on. A line is
// `koa|cookies|egg-cookies keys [algorithm]`, the keys with commas between them, `koa-session|egg-session keys options`
// or `tls port`. All of them end with the input.

const http = require('http')
const readline = require('readline')
const packages = require('./cookies')
const sessions = require('./sessions')
const tls = require('./tls')

async function server (kind, about) {
  if (kind === 'tls') {
    return tls(...about)
  }
  const [keys, how] = about
  if (sessions[kind]) {
    return http.createServer(sessions[kind](keys.split(','), JSON.parse(how)))
  }
  return http.createServer(packages[kind](keys.split(','), how))
}

async function main () {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [kind, ...about] = line.split(' ')
    const started = await server(kind, about)
    started.listen(0, '127.0.0.1', () => console.log(started.address().port))
  }
  process.exit()
}

main()
