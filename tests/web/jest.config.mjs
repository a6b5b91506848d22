export default { testEnvironment: 'node', transform: {}, rootDir: '.', testMatch: ['**/*.test.mjs'], testTimeout: 60_000, maxWorkers: 1 };
