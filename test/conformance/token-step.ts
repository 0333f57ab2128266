/** The step that makes a token as root and keeps it as `$token`. */
export const create = (
  body: object,
  more: object = {},
): { send: string; body: object; status: number; keep: { token: string } } => ({
  send: 'POST auth/token/create',
  body,
  status: 200,
  keep: { token: 'auth.client_token' },
  ...more,
})
