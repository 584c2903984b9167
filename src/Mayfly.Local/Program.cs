using Mayfly.Local.Cli;

return await CommandLine.RunAsync(args);
