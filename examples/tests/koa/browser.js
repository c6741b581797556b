'use strict'

// `node browser.js path`: drives a Chromium without a window. Each line that it reads is a command, a space and what
// the command is about; to each it prints a line of JSON, `{"ok": ..}` or `{"error": ..}`. It ends with its input.
//
// The hosts below `.test` are this machine.

const fs = require('fs')
const os = require('os')
const path = require('path')
const readline = require('readline')
const puppeteer = require('puppeteer-core')

const args = ['--host-resolver-rules=MAP *.test 127.0.0.1', '--no-proxy-server', '--disable-quic']
if (process.getuid?.() === 0) {
  args.push('--no-sandbox')
}

function follow (page, navigate, url) {
  return arrive(page, page.evaluate(navigate, url))
}

function arrive (page, navigated) {
  return Promise.all([page.waitForNavigation(), navigated]).then(() => text(page))
}

function click (page, about) {
  const { role, name } = JSON.parse(about)
  return page.locator(`::-p-aria([name="${name}"][role="${role}"])`).setTimeout(5000).click()
}

function text (frame) {
  return frame.evaluate(() => document.body.innerText)
}

const commands = {
  // An empty jar, and a page that uses it. It is not a context of its own: there, as in a private window, embedded sites
  // have no cookies that are not partitioned.
  async forget (state) {
    const { page, context } = state
    state.page = await context.newPage()
    await page?.close()
    await context.deleteCookie(...await context.cookies())
  },

  // As if the address was typed.
  async open ({ page }, url) {
    await page.goto(url)
    return text(page)
  },

  // From the page that is open.
  link ({ page }, url) {
    return follow(page, url => {
      const link = document.body.appendChild(document.createElement('a'))
      link.href = url
      link.click()
    }, url)
  },

  // From the page that is open, with a POST.
  form ({ page }, url) {
    return follow(page, url => {
      const form = document.body.appendChild(document.createElement('form'))
      form.method = 'post'
      form.action = url
      form.submit()
    }, url)
  },

  // In the page that is open.
  async frame ({ page }, url) {
    const handle = await page.evaluateHandle(url => new Promise(resolve => {
      const frame = document.createElement('iframe')
      frame.src = url
      frame.onload = () => resolve(frame)
      document.body.appendChild(frame)
    }), url)
    return text(await handle.asElement().contentFrame())
  },

  // By a script of the page that is open.
  fetch ({ page }, url) {
    return page.evaluate(url => fetch(url).then(answer => answer.text()), url)
  },

  // On what has a role and a name.
  click ({ page }, about) {
    return click(page, about)
  },

  // On what leads to another page.
  follow ({ page }, about) {
    return arrive(page, click(page, about))
  },

  // Into what has the focus, which a page may give only after it is there.
  async write ({ page }, text) {
    await page.waitForFunction(() => document.activeElement !== document.body)
    await page.keyboard.type(text)
  },

  press ({ page }, key) {
    return page.keyboard.press(key)
  },

  enter ({ page }) {
    return arrive(page, page.keyboard.press('Enter'))
  },

  page ({ page }) {
    return text(page)
  },

  // Another process, with what this one has kept on disk.
  async restart (state) {
    await state.browser.close()
    await state.start()
  },

  // What scripts see.
  script ({ page }) {
    return page.evaluate(() => document.cookie)
  },

  jar ({ context }) {
    return context.cookies()
  },

  put ({ context }, cookie) {
    return context.setCookie(JSON.parse(cookie))
  }
}

async function main (executablePath) {
  const userDataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'koa-browser-'))
  // What Chromium does by itself, and not as someone has packaged it: embedded sites have cookies.
  fs.mkdirSync(path.join(userDataDir, 'Default'))
  const preferences = { profile: { cookie_controls_mode: 0, block_third_party_cookies: false } }
  fs.writeFileSync(path.join(userDataDir, 'Default', 'Preferences'), JSON.stringify(preferences))
  try {
    const options = { executablePath, args, userDataDir, pipe: true, acceptInsecureCerts: true }
    const state = {
      async start () {
        this.browser = await puppeteer.launch(options)
        this.context = this.browser.defaultBrowserContext()
        this.page = await this.context.newPage()
      }
    }
    await state.start()
    await answer(state)
    await state.browser.close()
  } finally {
    fs.rmSync(userDataDir, { recursive: true, force: true, maxRetries: 5 })
  }
}

async function answer (state) {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [, command, about] = line.match(/^(\w+) ?(.*)$/)
    const answer = await commands[command](state, about).then(
      (ok = null) => ({ ok }),
      error => ({ error: `${error}` })
    )
    console.log(JSON.stringify(answer))
  }
}

main(process.argv[2])
