import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** A certificate for `127.0.0.1` that vouches for itself, made for this run with `openssl`, in PEM; its files are in `folder`. */
export function selfSigned(folder: { path(name: string): string }, name: string): { cert: string; key: string } {
  const [cert, key] = [folder.path(`${name}.pem`), folder.path(`${name}-key.pem`)]
  const elliptic = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
  const subject = [
    '-subj',
    `/CN=${name}`,
    '-addext',
    'subjectAltName=IP:127.0.0.1',
    '-addext',
    'extendedKeyUsage=clientAuth,serverAuth',
  ]
  const files = ['-keyout', key, '-out', cert]
  execFileSync('openssl', ['req', '-x509', ...elliptic, '-nodes', '-days', '1', ...files, ...subject], { stdio: 'ignore' })
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }
}
