import 'reflect-metadata'
import { endAmidRequests, type Setting } from './shutdown-app.js'

// Prints what happened as JSON, and ends by itself unless something is left open.
endAmidRequests(JSON.parse(process.env['SETTING']!) as Setting, 6).then(
  (result) => console.log(JSON.stringify(result)),
  (error: unknown) => {
    console.error(error)
    process.exitCode = 1
  },
)
