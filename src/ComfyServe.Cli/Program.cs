using System.CommandLine;
using ComfyServe.Cli;
using ComfyServe.Hosting.Supervision;

// Started by another comfyserve, which has read the folder's variables already.
var own = SupervisedStart.Enter(args, out var exitCode);
if (exitCode is { } code)
{
    return code;
}

if (own == args && EnvironmentFile.Load(".env", name => Environment.GetEnvironmentVariable(name) is not null, Environment.SetEnvironmentVariable) is { Count: > 0 } wrong)
{
    return Verb.Fail($"'.env' of this folder has lines that are not NAME=VALUE: {string.Join(", ", wrong)}", ExitCodes.Usage);
}

var parsed = CommandLine.Build().Parse(own);
if (Verb.IsRefused(parsed))
{
    return Verb.Refuse(parsed);
}

// A role that stops waits for its running work; only then does Ctrl-C end the process by force.
return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(30) });
