using System.CommandLine;
using ComfyServe.Cli.Roles;
using ComfyServe.Diffusion.Runtime;
using ComfyServe.Engine;
using ComfyServe.Engine.Previews;

namespace ComfyServe.Cli;

/// <summary><c>comfyserve engine</c>: the engine in the foreground.</summary>
internal static class EngineVerb
{
    /// <summary>Sets limits of every engine that this program starts, separated by commas.</summary>
    private const string LimitsVariable = "ENGINE_LIMITS";

    public static Command Build()
    {
        var host = Options.Host();
        var port = Options.Port(18188);
        var data = Options.Data();
        var models = new Option<string[]>("--models") { Description = "Further folder of models, laid out as 'models/' of the data folder; may be repeated", HelpName = "DIR", DefaultValueFactory = _ => [] };
        var fp32 = new Option<bool>("--fp32") { Description = "Compute in 32-bit floating point: slower, and comparable with other machines" };
        var cacheLru = new Option<int?>("--cache-lru") { Description = "Keep this many results over several prompts, instead of those of the newest prompt" }.Between(0, int.MaxValue);
        var cacheNone = new Option<bool>("--cache-none") { Description = "Keep no result: least memory, and every prompt runs in full" };
        var previews = new Option<PreviewMethod>("--preview-method") { Description = "How latents are shown while sampling (default none)", HelpName = "none|auto|latent2rgb" };
        var origin = new Option<string?>("--enable-cors-header")
        {
            Description = "Let web pages of this origin call the engine; of all origins without one",
            HelpName = "ORIGIN",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var limits = new Option<string[]>("--limit")
        {
            Description = $"Set what one run may take; again for each limit, also from {LimitsVariable}. {string.Join("; ", RunLimits.Names.Select(n => $"{n.Key}: {n.Value}"))}",
            HelpName = "NAME=VALUE",
            AllowMultipleArgumentsPerToken = false,
        };
        var webRoot = new Option<string?>("--front-end-root") { Description = "Folder of a web front end to serve at /", HelpName = "DIR" };
        var command = Verb.Create(
            "engine",
            "Runs the engine, which speaks ComfyUI's HTTP and WebSocket API",
            "comfyserve engine",
            "comfyserve engine --port 8188 --data ~/ComfyUI");
        command.Options.Add(host);
        command.Options.Add(port);
        command.Options.Add(data);
        command.Options.Add(models);
        command.Options.Add(fp32);
        command.Options.Add(cacheLru);
        command.Options.Add(cacheNone);
        command.Options.Add(previews);
        command.Options.Add(origin);
        command.Options.Add(webRoot);
        command.Options.Add(limits);
        return command.Does((parsed, cancellationToken) =>
        {
            var settings = Settings(parsed.GetValue(data), parsed.GetValue(fp32), parsed.GetRequiredValue(host), parsed.GetValue(port));
            settings.ExtraModelFolders = [.. (parsed.GetValue(models) ?? []).Select(Path.GetFullPath), .. settings.ExtraModelFolders];
            settings.Previews = parsed.GetValue(previews);
            settings.AllowedOrigin = parsed.GetResult(origin) is null ? null : parsed.GetValue(origin) ?? "*";
            settings.WebRoot = Existing(parsed.GetValue(webRoot));
            settings.Limits = Limits(settings.Limits, parsed.GetValue(limits) ?? []);
            settings.KeptResults = KeptResults(parsed.GetValue(cacheLru), parsed.GetValue(cacheNone));
            new ListenPorts().Add("engine", settings.Host, settings.Port).Check();
            new MemoryRoom(settings.Limits.Memory).BoundManagedHeap();
            return Role.ServeAsync(EngineServer.Build(settings, Role.Configure), cancellationToken);
        });
    }

    /// <summary>The engine's settings for a data folder; makes the folder.</summary>
    public static EngineOptions Settings(string? data, bool fp32, string host, int port)
    {
        var folder = DataFolder.Resolve(data);
        Directory.CreateDirectory(folder);
        var limits = Limits(new RunLimits { Stuck = TimeSpan.FromSeconds(60) }, (Environment.GetEnvironmentVariable(LimitsVariable) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        return new EngineOptions { Limits = limits, Host = host, Port = port, DataFolder = folder, ExtraModelFolders = DataFolder.BuiltInModels(), Fp32 = fp32, ServedHosts = HostNames.Read() };
    }

    private static RunLimits Limits(RunLimits limits, IEnumerable<string> assignments)
    {
        try
        {
            return limits.Set(assignments);
        }
        catch (FormatException exception)
        {
            throw new UsageException($"--limit and {LimitsVariable}: {exception.Message}");
        }
    }

    private static string? Existing(string? folder) =>
        folder is null || Directory.Exists(folder) ? folder : throw new UsageException($"--front-end-root wants a folder, but there is none at '{folder}'");

    /// <summary>0 is ComfyUI's default: what the newest prompt made is kept.</summary>
    private static int? KeptResults(int? recent, bool none) => (recent, none) switch
    {
        (not null, true) => throw new UsageException("--cache-lru and --cache-none exclude each other"),
        (_, true) => 0,
        (0, _) => null,
        _ => recent,
    };
}
