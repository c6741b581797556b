// Asks @koa/router, with its allowedMethods, and writes down what it answers.
//
//     npm install --no-save koa@2.16 @koa/router@15.7 && node record.js > answers.json
//
// `cases` are asked of a router with `routes`, in the order in which they stand there; a handler answers with the path
// of its route and its parameters. `apart.cases` are asked of two such routers with a middleware between them.
'use strict';

const http = require('node:http');
const Koa = require('koa');
const { Router } = require('@koa/router');

const routes = [
  ['get', '/users'],
  ['post', '/users'],
  ['get', '/users/me'],
  ['get', '/users/:id'],
  ['put', '/users/:id'],
  ['patch', '/users/:id'],
  ['delete', '/users/:id'],
  ['head', '/ping'],
  ['options', '/cors'],
  ['get', '/cors'],
  ['post', '/only-post'],
  ['all', '/all'],
  ['get', '/files/:name.json'],
  ['delete', '/users/:id/posts/:post'],
];

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'];

const paths = [
  '/users', '/users/', '/users/me', '/users/7', '/users/7/', '/users/7/posts/8', '/users/7/posts', '/ping', '/cors',
  '/only-post', '/all', '/files/a.json', '/files/a.txt', '/', '/none', '/users//', '/users/a%20b', '/users/a%2Fb',
  '/users/7?x=1',
];

const upper = [
  ['get', '/posts'],
  ['get', '/posts/:id'],
];

const lower = [
  ['post', '/posts'],
  ['put', '/posts/:id'],
  ['patch', '/posts/:id'],
  ['delete', '/posts/:id'],
  ['get', '/drafts/:id'],
];

const apartPaths = ['/posts', '/posts/7', '/drafts/7', '/none'];

function use(app, routes) {
  const router = new Router();
  for (const [verb, path] of routes) {
    router[verb](path, (ctx) => {
      const values = Object.entries(ctx.params).map(([name, value]) => ` ${name}=${value}`);
      ctx.body = ctx._matchedRoute + values.join('');
    });
  }
  app.use(router.routes());
  app.use(router.allowedMethods());
}

const app = new Koa();
app.silent = true;
use(app, routes);

const apart = new Koa();
apart.silent = true;
use(apart, upper);
apart.use((ctx, next) => next());
use(apart, lower);

function ask(port, method, path) {
  return new Promise((resolve, reject) => {
    const request = http.request({ port, method, path, agent: false }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => {
        const answer = { method, path, status: response.statusCode };
        if (response.headers.allow !== undefined) answer.allow = response.headers.allow;
        answer.type = response.headers['content-type'] ?? null;
        answer.length = response.headers['content-length'] ?? null;
        answer.body = Buffer.concat(chunks).toString();
        resolve(answer);
      });
    });
    request.on('error', reject);
    request.end();
  });
}

function record(app, paths) {
  return new Promise((resolve) => {
    const server = app.listen(0, async () => {
      const { port } = server.address();
      const cases = [];
      for (const path of paths) {
        for (const method of methods) cases.push(await ask(port, method, path));
      }
      server.close();
      resolve(cases);
    });
  });
}

(async () => {
  const lines = (cases) => cases.map((answer) => `    ${JSON.stringify(answer)}`).join(',\n');
  const versions = { koa: require('koa/package.json').version, '@koa/router': '15.7.0', node: process.version };
  process.stdout.write(
    `{\n  "source": ${JSON.stringify(versions)},\n  "routes": ${JSON.stringify(routes)},\n` +
      `  "cases": [\n${lines(await record(app, paths))}\n  ],\n` +
      `  "apart": { "routes": ${JSON.stringify([upper, lower])}, "cases": [\n` +
      `${lines(await record(apart, apartPaths))}\n  ] }\n}\n`,
  );
})();
