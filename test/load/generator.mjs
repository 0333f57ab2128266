// generator.mjs ADDRESS TOKEN COUNT PER_SECOND: asks for credentials, each at its time whether or not those before have come, from a
// process of its own. Prints `{ names, seconds, slowestMs, latestMs }`; ends with 1 at the first error.
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

const [address, token, count, perSecond] = process.argv.slice(2)
const agent = new Agent({ keepAlive: true, maxSockets: 64 })
let slowestMs = 0
/** How much later than its time the latest request was asked for: the generator itself must not be what is slow. */
let latestMs = 0

function credential() {
  const askedMs = performance.now()
  return new Promise((resolve, reject) => {
    const options = { agent, headers: { 'X-Vault-Token': token } }
    const asked = request(`${address}/v1/database/creds/ro`, options, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk) => (text += chunk))
      response.on('end', () => {
        slowestMs = Math.max(slowestMs, performance.now() - askedMs)
        if (response.statusCode === 200) resolve(JSON.parse(text).data.username)
        else reject(new Error(`${response.statusCode}: ${text}`))
      })
    })
    asked.on('error', reject)
    asked.end()
  })
}

const startMs = performance.now()
const answers = []
while (answers.length < Number(count)) {
  const passedMs = performance.now() - startMs
  const due = Math.min(Number(count), Math.ceil((passedMs / 1_000) * Number(perSecond)))
  if (answers.length < due) latestMs = Math.max(latestMs, passedMs - (answers.length / Number(perSecond)) * 1_000)
  while (answers.length < due) answers.push(credential())
  await sleep(5)
}
const names = await Promise.all(answers)
const seconds = (performance.now() - startMs) / 1_000
agent.destroy()
process.stdout.write(JSON.stringify({ names, seconds, slowestMs, latestMs }))
