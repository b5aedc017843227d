using System.CommandLine;

namespace ComfyServe.Cli.Fleet;

/// <summary>The options that every verb which manages a fleet has: which gateway, which key, which form.</summary>
internal sealed class FleetOptions
{
    private readonly Option<string?> _gateway = new("--gateway")
    {
        Description = "URL of the gateway (default: COMFYSERVE_GATEWAY, else http://localhost:8080)",
        HelpName = "URL",
    };

    private readonly Option<string?> _key = new("--key")
    {
        Description = "The account's key (default: COMFYSERVE_ADMIN_KEY, else COMFYSERVE_API_KEY)",
        HelpName = "KEY",
    };

    private readonly Option<bool> _json = Options.Json();

    /// <summary>Options for one command.</summary>
    public static FleetOptions For(Command command)
    {
        var options = new FleetOptions();
        command.Options.Add(options._gateway);
        command.Options.Add(options._key);
        command.Options.Add(options._json);
        return options;
    }

    /// <summary>Whether JSON is wanted.</summary>
    public bool Json(ParseResult parsed) => parsed.GetValue(_json);

    /// <summary>Calls to the chosen gateway.</summary>
    /// <exception cref="UsageException">No key, or no URL.</exception>
    public GatewayCalls Connect(ParseResult parsed)
    {
        var gateway = parsed.GetValue(_gateway) ?? Setting("COMFYSERVE_GATEWAY") ?? "http://localhost:8080";
        if (!WebUrl.TryParse(gateway, out _))
        {
            throw new UsageException($"'--gateway {gateway}' is not an http or https URL");
        }

        var key = parsed.GetValue(_key) ?? Setting("COMFYSERVE_ADMIN_KEY") ?? Setting("COMFYSERVE_API_KEY")
            ?? throw new UsageException("no key: give '--key', or set COMFYSERVE_ADMIN_KEY to the key that the gateway printed when it first started");
        return new GatewayCalls(gateway, key);
    }

    private static string? Setting(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
