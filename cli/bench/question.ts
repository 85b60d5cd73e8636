/** What the benches ask: one search of one folder, answered by every agent that is there. */
export const question = {
  name: 'which cron job contains a password',
  target: "status='online'",
  operations: [
    {
      module: 'file',
      parameters: {
        searches: { s1: { paths: ['/etc'], contents: ['(?i)password'], options: { matchall: true } } },
      },
    },
  ],
  expireSeconds: 300,
}
