using System.CommandLine;
using ComfyServe.Cli;

var parsed = CommandLine.Build().Parse(args);
if (parsed.Errors.Count > 0)
{
    return Verb.Refuse(parsed);
}

// A role that stops waits for its running work; only then does Ctrl-C end the process by force.
return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(30) });
