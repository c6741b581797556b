'use strict'

// Takes TLS off for a server on a port, and tells it so.

const http = require('http')
const https = require('https')
const { generate } = require('selfsigned')

module.exports = async port => {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256'
  })
  return https.createServer({ key, cert }, (req, res) => {
    const { method, url: path } = req
    const headers = { ...req.headers, 'x-forwarded-proto': 'https' }
    const forwarded = http.request({ host: '127.0.0.1', port, method, path, headers }, answer => {
      res.writeHead(answer.statusCode, answer.rawHeaders)
      answer.pipe(res)
    })
    forwarded.on('error', error => res.destroy(error))
    req.pipe(forwarded)
  })
}
