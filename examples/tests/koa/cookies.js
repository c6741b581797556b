'use strict'

// Apps with the cookies of each package, for their keys and the algorithm that they sign with.
//
// `/set?name=..&value=..`, `/get?name=..` and `/remove?name=..` do as they say, with the other parameters as options.

const Cookies = require('cookies')
const EggCookies = require('egg-cookies')
const Keygrip = require('keygrip')
const Koa = require('koa')

module.exports = {
  koa (keys, algorithm) {
    return koa(algorithm ? new Keygrip(keys, algorithm) : keys, ctx => ctx.cookies)
  },

  'egg-cookies' (keys) {
    return koa(keys, ctx => new EggCookies(ctx, keys))
  },

  cookies (keys, algorithm) {
    const keygrip = new Keygrip(keys, algorithm)
    return (req, res) => {
      const secure = req.headers['x-forwarded-proto'] === 'https'
      const { status, body } = answer(new Cookies(req, res, { keys: keygrip, secure }), req.url)
      res.statusCode = status
      res.end(body)
    }
  }
}

function koa (keys, cookies) {
  const app = new Koa()
  app.keys = keys
  app.proxy = true
  app.use(ctx => {
    const { status, body } = answer(cookies(ctx), ctx.url)
    ctx.status = status
    ctx.body = body
  })
  return app.callback()
}

function answer (cookies, url) {
  const { pathname, searchParams } = new URL(url, 'http://localhost')
  const { name, value, ...described } = Object.fromEntries(searchParams)
  const options = Object.fromEntries(
    Object.entries(described).map(([option, text]) => [option, typed(text)])
  )
  if (pathname === '/get') {
    const found = cookies.get(name, options)
    return found === undefined ? { status: 404, body: 'no such cookie' } : { status: 200, body: found }
  }
  cookies.set(name, pathname === '/set' ? value : null, options)
  return { status: 200, body: 'done' }
}

function typed (text) {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
