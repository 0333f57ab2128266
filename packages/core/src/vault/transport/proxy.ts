import * as http from 'node:http'
import * as https from 'node:https'
import { checkServerIdentity as checkIdentity, type PeerCertificate } from 'node:tls'
import { HttpProxyAgent } from 'http-proxy-agent'
import { HttpsProxyAgent } from 'https-proxy-agent'
import { getProxyForUrl } from 'proxy-from-env'
import { OptionError } from '../../errors'
import { httpUrl } from '../../options'
import { vaultEnv } from '../env'
import type { TlsSettings } from './tls'

/**
 * Which proxy to go through: `VAULT_PROXY_ADDR`, else `VAULT_HTTP_PROXY`, for everything; else `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, never
 * for this machine itself, as Vault's own command line does it. Throws `OptionError`.
 */
export function proxyFor(url: URL): string | undefined {
  for (const name of ['PROXY_ADDR', 'HTTP_PROXY']) {
    const proxy = vaultEnv(name)
    if (proxy === undefined) continue
    if (!isProxy(proxy)) throw new OptionError(`VAULT_${name}`, 'the URL of an HTTP proxy', 'something else')
    return proxy
  }
  if (isThisMachine(url.hostname)) return undefined
  const proxy = getProxyForUrl(url.href) || undefined
  if (proxy !== undefined && !isProxy(proxy))
    throw new OptionError('HTTPS_PROXY or HTTP_PROXY', 'the URL of an HTTP proxy', 'something else')
  return proxy
}

/** A connection for each request: requests are rare, and one that was kept may have been closed on the other side. */
export function agentFor(url: URL, tls: TlsSettings): http.Agent {
  const proxy = proxyFor(url)
  const options = { keepAlive: false }
  if (url.protocol === 'https:') return proxy === undefined ? new https.Agent({ ...options, ...tls }) : tunnel(proxy, tls)
  return proxy === undefined ? new http.Agent(options) : new HttpProxyAgent(proxy, options)
}

/** TLS settings are Vault's: they go to the connection inside, not to that with the proxy. */
function tunnel(proxy: string, tls: TlsSettings): http.Agent {
  const agent = new HttpsProxyAgent(proxy, { keepAlive: false })
  const connect = agent.connect.bind(agent)
  agent.connect = (request, options) => {
    // It hides the host from Node, which then would check the certificate of an address without a name for `localhost`.
    const name = tls.servername ?? options.host
    const checkServerIdentity = (_: string, certificate: PeerCertificate) => checkIdentity(name ?? '', certificate)
    return connect(request, { ...options, ...tls, checkServerIdentity } as typeof options)
  }
  return agent
}

/** It may have a user name and a password. */
function isProxy(text: string): boolean {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  url.username = ''
  return httpUrl(url.href) === undefined
}

function isThisMachine(host: string): boolean {
  return host === 'localhost' || host.startsWith('127.') || host === '[::1]'
}
