/** What an app on each version of NestJS has. Exact, so that a test does not change by itself. */
export const NEST: Readonly<Record<'10' | '11' | '12', readonly string[]>> = {
  '10': [
    '@nestjs/common@10.4.22',
    '@nestjs/core@10.4.22',
    '@nestjs/platform-express@10.4.22',
    '@nestjs/testing@10.4.22',
    '@nestjs/typeorm@10.0.2',
    '@nestjs/terminus@10.3.0',
    '@nestjs/event-emitter@2.1.1',
    'typeorm@0.3.31',
  ],
  '11': [
    '@nestjs/common@11.2.10',
    '@nestjs/core@11.2.10',
    '@nestjs/platform-express@11.2.10',
    '@nestjs/testing@11.2.6',
    '@nestjs/typeorm@11.0.3',
    '@nestjs/terminus@11.1.1',
    '@nestjs/event-emitter@3.1.0',
    'typeorm@1.1.1',
  ],
  '12': [
    '@nestjs/common@12.5.1',
    '@nestjs/core@12.5.1',
    '@nestjs/platform-express@12.5.1',
    '@nestjs/testing@12.1.1',
    '@nestjs/typeorm@12.0.2',
    '@nestjs/terminus@12.1.0',
    '@nestjs/event-emitter@12.0.1',
    'typeorm@1.1.1',
  ],
}
