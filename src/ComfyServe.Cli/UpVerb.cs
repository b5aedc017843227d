using System.CommandLine;
using ComfyServe.Api;
using ComfyServe.Engine;

namespace ComfyServe.Cli;

/// <summary><c>comfyserve up</c>: every role on this machine until Ctrl-C.</summary>
internal static class UpVerb
{
    public static Command Build()
    {
        var host = Options.Host();
        var data = Options.Data();
        var enginePort = new Option<int>("--engine-port") { Description = "Port of the engine (default 18188)", HelpName = "PORT", DefaultValueFactory = _ => 18188 };
        var apiPort = new Option<int>("--api-port") { Description = "Port of the API service (default 18288)", HelpName = "PORT", DefaultValueFactory = _ => 18288 };
        var command = Verb.Create(
            "up",
            "Runs all roles on this machine until Ctrl-C",
            "comfyserve up",
            "comfyserve up --host 0.0.0.0 --data ~/ComfyUI");
        command.Options.Add(host);
        command.Options.Add(data);
        command.Options.Add(enginePort);
        command.Options.Add(apiPort);
        return command.Does(async (parsed, cancellationToken) =>
        {
            var folder = parsed.GetValue(data);
            await using var engine = EngineServer.Build(EngineVerb.Settings(folder, fp32: false, "127.0.0.1", parsed.GetValue(enginePort)));
            await Role.StartAsync(engine, cancellationToken);
            await using var api = ApiServer.Build(
                ApiVerb.Settings(folder, [Role.Url(engine)], parsed.GetRequiredValue(host), parsed.GetValue(apiPort)),
                builder => CleanVerb.AddTo(builder.Services, DataFolder.Resolve(folder), [Role.Url(engine)]));
            await Role.StartAsync(api, cancellationToken);
            var url = Role.Url(api);
            Console.WriteLine($"engine       {Role.Url(engine)}");
            Console.WriteLine($"API service  {url}");
            Console.WriteLine($"docs         {url}/docs");
            Console.WriteLine($"data         {DataFolder.Resolve(folder)}");
            Console.WriteLine($"ready {url}");
            await Role.UntilStoppedAsync(api, cancellationToken);
            await api.StopAsync(CancellationToken.None);
            await engine.StopAsync(CancellationToken.None);
            return ExitCodes.Success;
        });
    }
}
