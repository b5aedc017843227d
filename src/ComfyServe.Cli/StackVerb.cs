using System.CommandLine;
using ComfyServe.Api;
using ComfyServe.Cli.Roles;
using ComfyServe.Hosting.Logging;
using ComfyServe.Provisioning.CustomWorkers;
using ComfyServe.Worker;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Cli;

/// <summary><c>comfyserve stack</c>: engine, API service and worker of one GPU slot, the engine as a process of its own; what a gateway's process provider starts.</summary>
internal static class StackVerb
{
    public static Command Build()
    {
        var folder = new Option<string?>("--folder")
        {
            Description = "Folder for what this stack keeps: input, output, benchmark (default: the working folder); models come from the data folder",
            HelpName = "DIR",
        };
        var data = Options.Data();
        var fp32 = new Option<bool>("--fp32") { Description = "Compute in 32-bit floating point" };
        var memory = Options.EngineMemory();
        var command = Verb.Create(
            "stack",
            "Runs engine, API service and worker of one slot and joins a gateway; CONTAINER_ID, MASTER_TOKEN and REPORT_ADDR say who it is",
            "CONTAINER_ID=7 MASTER_TOKEN=… REPORT_ADDR=http://gateway:8080 WORKER_PORT=0 comfyserve stack");
        command.Options.Add(folder);
        command.Options.Add(data);
        command.Options.Add(fp32);
        command.Options.Add(memory);
        return command.Does((parsed, cancellationToken) =>
        {
            var place = Path.GetFullPath(parsed.GetValue(folder) ?? Environment.CurrentDirectory);
            var shared = DataFolder.Resolve(parsed.GetValue(data));
            var models = Path.Combine(shared, "models");
            var plan = new EnginePlan(place, 0, Directory.Exists(models) ? [models] : [], parsed.GetValue(fp32), Options.Bytes(parsed.GetValue(memory)));
            return RunAsync(plan, shared, cancellationToken);
        });
    }

    private static async Task<int> RunAsync(EnginePlan plan, string data, CancellationToken cancellationToken)
    {
        // Who it is comes first: a wrong variable should not cost the start of an engine.
        var options = WorkerVerb.Settings(Environment.GetEnvironmentVariable);
        WorkerVerb.Ports(options).Check();
        options.Folder = plan.Folder;
        using var loggers = LoggerFactory.Create(static logging => logging.AddServiceLogging());
        Prepare(options, data, plan.Folder, loggers);
        await using var roles = new RoleGroup();
        var engine = await LocalService.StartAsync(roles, plan, url => Settings(plan, data, url), cancellationToken);
        await engine.ReadyAsync(cancellationToken);
        options.Api = new Uri(roles.UrlOf(LocalService.Name));
        var worker = await roles.StartAsync("worker", WorkerServer.Build(options, Role.Configure), cancellationToken);
        Console.WriteLine($"ready {worker}");
        await roles.UntilStoppedAsync(cancellationToken);
        return ExitCodes.Success;
    }

    private static ApiOptions Settings(EnginePlan plan, string data, string engine)
    {
        var settings = ApiVerb.Settings(data, [engine], "127.0.0.1", 0);
        settings.DataFolder = Path.Combine(plan.Folder, "api");
        return settings;
    }

    // With the variables that the gateway hands to every worker; stacks of one data folder provision it one after another.
    private static void Prepare(WorkerOptions options, string data, string folder, ILoggerFactory loggers)
    {
        Func<string, string?> environment = Environment.GetEnvironmentVariable;
        if (!WorkerPreparation.IsAsked(environment))
        {
            return;
        }

        var preparation = new WorkerPreparation(data, Path.Combine(folder, "custom-worker"), environment, TimeProvider.System, loggers);
        options.Prepare = token => preparation.RunAsync(options, token);
        if (CustomWorker.IsAsked(environment))
        {
            preparation.WithoutPython();
        }
    }
}
