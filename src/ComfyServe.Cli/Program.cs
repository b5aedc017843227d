using System.CommandLine;
using ComfyServe.Cli;

// A role that stops waits for its running work; only then does Ctrl-C end the process by force.
return await CommandLine.Build().Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(30) });
