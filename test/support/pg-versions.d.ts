/** The oldest pg that is served: the types of the newest fit what is used of it. */
declare module 'pg-8.11' {
  export * from 'pg'
}
