using BenchmarkDotNet.Running;
using Mayfly.Benchmarks.Traces;

BenchmarkSwitcher.FromAssembly(typeof(TraceBenchmarks).Assembly).Run(args);
