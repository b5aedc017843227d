using System.CommandLine;
using System.Globalization;
using System.Net;

namespace ComfyServe.Cli;

/// <summary>Options that several verbs share, so that they read and behave the same.</summary>
internal static class Options
{
    private const long LeastEngineMemory = 256;
    private const long MostEngineMemory = 1L << 30;

    /// <summary><c>--data</c>: the folder of models, inputs and outputs.</summary>
    public static Option<string?> Data() => new("--data")
    {
        Description = "Folder with models/ input/ output/ temp/ user/, laid out as ComfyUI's (default: COMFYSERVE_DATA, else data/ of the clone)",
        HelpName = "DIR",
    };

    /// <summary><c>--json</c>: one JSON object on standard output instead of text.</summary>
    public static Option<bool> Json() => new("--json") { Description = "Print one JSON object for machines" };

    /// <summary><c>--port</c> or one of that kind, 0 for any free one.</summary>
    public static Option<int> Port(int standard, string name = "--port", string description = "Port to listen on, 0 for any free one")
    {
        var option = new Option<int>(name)
        {
            Description = description,
            HelpName = "PORT",
            DefaultValueFactory = _ => standard,
        };
        return option.Between(0, 65535);
    }

    /// <summary><c>--engine-memory</c>: MiB above which the engine's process is started again.</summary>
    public static Option<long?> EngineMemory()
    {
        var option = new Option<long?>("--engine-memory")
        {
            Description = "Start the engine again when it uses more memory than this, MiB (default COMFYSERVE_ENGINE_MEMORY_MB, else no limit of its own)",
            HelpName = "MIB",
            DefaultValueFactory = _ => EngineMemoryOf(Environment.GetEnvironmentVariable("COMFYSERVE_ENGINE_MEMORY_MB")),
        };
        return option.Between(LeastEngineMemory, MostEngineMemory);
    }

    /// <summary>Mebibytes as bytes.</summary>
    public static long? Bytes(long? mebibytes) => mebibytes << 20;

    /// <summary><c>--host</c>: the address to listen on.</summary>
    public static Option<string> Host()
    {
        var option = new Option<string>("--host")
        {
            Description = "Address to listen on; 127.0.0.1 is for this machine only",
            HelpName = "ADDRESS",
            DefaultValueFactory = _ => "127.0.0.1",
        };
        option.Validators.Add(static result =>
        {
            if (result.Tokens is [var given] && !IPAddress.TryParse(given.Value, out _))
            {
                result.AddError($"'--host {given.Value}' is not an IP address; 127.0.0.1 is for this machine only, 0.0.0.0 for all that can reach it");
            }
        });
        return option;
    }

    private static long? EngineMemoryOf(string? text) => string.IsNullOrWhiteSpace(text) ? null
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var mebibytes) && mebibytes is >= LeastEngineMemory and <= MostEngineMemory ? mebibytes
        : throw new UsageException($"'COMFYSERVE_ENGINE_MEMORY_MB' must be a whole number of MiB between {LeastEngineMemory} and {MostEngineMemory} but is '{text}'");
}
