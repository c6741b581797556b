'use strict'

// `node server.js hello|cascade`: prints the port that it listens on.

const Koa = require('koa')

const apps = {
  hello () {
    const app = new Koa()
    app.use(async ctx => {
      ctx.body = 'Hello World'
    })
    return app
  },

  cascade () {
    const app = new Koa()
    app.use(async (ctx, next) => {
      await next()
      ctx.response.get('X-Response-Time')
    })
    app.use(async (ctx, next) => {
      const start = Date.now()
      await next()
      ctx.set('X-Response-Time', `${Date.now() - start}ms`)
    })
    app.use(async ctx => {
      ctx.body = 'Hello World'
    })
    return app
  }
}

const server = apps[process.argv[2]]().listen(0, '127.0.0.1', () => {
  console.log(server.address().port)
})
