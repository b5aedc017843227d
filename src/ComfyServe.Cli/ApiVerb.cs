using System.CommandLine;
using ComfyServe.Api;
using ComfyServe.Api.Settings;
using ComfyServe.Cli.Roles;
using Microsoft.AspNetCore.Builder;

namespace ComfyServe.Cli;

/// <summary><c>comfyserve api</c>: the API service in the foreground.</summary>
internal static class ApiVerb
{
    public static Command Build()
    {
        var host = Options.Host();
        var port = Options.Port(18288);
        var data = Options.Data();
        var engines = new Option<string[]>("--engine")
        {
            Description = "Base URL of an engine, ours or a real ComfyUI; may be repeated (default http://127.0.0.1:18188)",
            HelpName = "URL",
            DefaultValueFactory = _ => [],
        };
        engines.Validators.Add(result =>
        {
            foreach (var url in result.GetValueOrDefault<string[]>() ?? [])
            {
                if (!WebUrl.TryParse(url, out _))
                {
                    result.AddError($"'--engine {url}' is not an http or https URL");
                }
            }
        });
        var command = Verb.Create(
            "api",
            "Runs the API service in front of one or more engines",
            "comfyserve api",
            "comfyserve api --engine http://127.0.0.1:8188 --engine http://127.0.0.1:8189");
        command.Options.Add(host);
        command.Options.Add(port);
        command.Options.Add(engines);
        command.Options.Add(data);
        return command.Does((parsed, cancellationToken) =>
        {
            var settings = Settings(parsed.GetValue(data), [.. (parsed.GetValue(engines) ?? []).Select(e => e.TrimEnd('/'))], parsed.GetRequiredValue(host), parsed.GetValue(port));
            var folder = DataFolder.Resolve(parsed.GetValue(data));
            new ListenPorts().Add(LocalService.Name, settings.Host, settings.Port).Check();
            return Role.ServeAsync(ApiServer.Build(settings, Configure(folder, settings.Engines)), cancellationToken);
        });
    }

    /// <summary>What the command line adds to the API service: its life, and the loop that keeps the disk from filling up.</summary>
    public static Action<WebApplicationBuilder> Configure(string folder, IReadOnlyList<string> engines) => builder =>
    {
        Role.Configure(builder);
        CleanVerb.AddTo(builder.Services, folder, engines);
    };

    /// <summary>The API service's settings for a data folder.</summary>
    /// <param name="data">The folder.</param>
    /// <param name="engines">Base URLs of the engines; none takes what the environment says.</param>
    /// <param name="host">Address to listen on.</param>
    /// <param name="port">Port.</param>
    public static ApiOptions Settings(string? data, IReadOnlyList<string> engines, string host, int port)
    {
        var options = new ApiOptions { Engines = ["http://127.0.0.1:18188"], DataFolder = Path.Combine(DataFolder.Resolve(data), "api") };
        ApiSettings.Read(options, Environment.GetEnvironmentVariable);
        options.Host = host;
        options.Port = port;
        options.Engines = engines.Count > 0 ? engines : options.Engines;
        return options;
    }
}
