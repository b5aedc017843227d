using System.CommandLine;
using ComfyServe.Cli;

if (EnvironmentFile.Load(".env", name => Environment.GetEnvironmentVariable(name) is not null, Environment.SetEnvironmentVariable) is { Count: > 0 } wrong)
{
    return Verb.Fail($"'.env' of this folder has lines that are not NAME=VALUE: {string.Join(", ", wrong)}", ExitCodes.Usage);
}

var parsed = CommandLine.Build().Parse(args);
if (Verb.IsRefused(parsed))
{
    return Verb.Refuse(parsed);
}

// A role that stops waits for its running work; only then does Ctrl-C end the process by force.
return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(30) });
