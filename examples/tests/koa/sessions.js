'use strict'

// Apps with the sessions of each package, for their keys and options; with `redis`, the path of its socket, they are
// kept there, as egg-session-redis keeps them; with `header`, its name, their ids come and go in it.
//
// `/read`, `/set?fields={..}`, `/remember?age=..`, `/regenerate` and `/end` do as they say and answer with the session;
// `/fail?fields={..}` sets and then fails, `/pass` does not touch it. `X-Now` says what time it is.

const { AsyncLocalStorage } = require('async_hooks')
const eggDefaults = require('egg-session/config/config.default').session
const eggExtension = require('egg-session/app/extend/application')
const eggSession = require('egg-session/app/middleware/session')
const EggCookies = require('egg-cookies')
const Koa = require('koa')
const koaSession = require('koa-session')
const Redis = require('ioredis')

const time = new AsyncLocalStorage()
const now = Date.now
Date.now = () => time.getStore() ?? now()

module.exports = {
  'koa-session' (keys, { redis, header, ...options }) {
    const app = new Koa()
    app.keys = keys
    const store = redis && inRedis(redis)
    return serve(app, koaSession({ ...options, ...inHeader(header), store }, app))
  },

  // What Egg does with its plugin.
  'egg-session' (keys, { redis, header, ...options }) {
    const app = new Koa()
    app.keys = keys
    app.config = { session: { ...eggDefaults, ...options, ...inHeader(header) } }
    app.toAsyncFunction = method => method
    Object.defineProperties(app, Object.getOwnPropertyDescriptors(eggExtension))
    if (redis) {
      app.sessionStore = inRedis(redis)
    }
    const cookies = Symbol('cookies')
    Object.defineProperty(app.context, 'cookies', {
      get () {
        this[cookies] ??= new EggCookies(this, keys)
        return this[cookies]
      }
    })
    return serve(app, eggSession(app.config.session, app))
  }
}

// Ids that come and go in a header.
function inHeader (name) {
  return name && {
    externalKey: {
      get: ctx => ctx.get(name),
      set: (ctx, id) => ctx.set(name, id)
    }
  }
}

function inRedis (path) {
  // The server ends before this process does.
  const redis = new Redis(path, { retryStrategy: null })
  return {
    async get (key) {
      const json = await redis.get(key)
      return json ? JSON.parse(json) : null
    },
    async set (key, value, maxAge) {
      const age = typeof maxAge === 'number' ? maxAge : 24 * 60 * 60 * 1000
      await redis.set(key, JSON.stringify(value), 'PX', age)
    },
    async destroy (key) {
      await redis.del(key)
    }
  }
}

function serve (app, session) {
  app.use((ctx, next) => {
    const said = ctx.get('X-Now')
    return said ? time.run(Number(said), next) : next()
  })
  app.use(session)
  app.use(answer)
  return app.callback()
}

async function answer (ctx) {
  const { fields, age } = ctx.query
  switch (ctx.path) {
    case '/pass':
      ctx.body = 'passed'
      return
    case '/end':
      ctx.session = null
      ctx.body = 'ended'
      return
    case '/set':
      Object.assign(ctx.session, JSON.parse(fields))
      break
    case '/fail':
      Object.assign(ctx.session, JSON.parse(fields))
      ctx.throw(418)
      break
    case '/remember':
      ctx.session.maxAge = age === 'session' ? age : Number(age)
      break
    case '/regenerate':
      await ctx.session.regenerate()
  }
  ctx.body = { isNew: !!ctx.session.isNew, session: ctx.session.toJSON() }
}
