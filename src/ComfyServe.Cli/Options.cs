using System.CommandLine;

namespace ComfyServe.Cli;

/// <summary>Options that several verbs share, so that they read and behave the same.</summary>
internal static class Options
{
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
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 0 or > 65535)
            {
                result.AddError($"'{name}' must be between 0 and 65535");
            }
        });
        return option;
    }

    /// <summary><c>--host</c>: the address to listen on.</summary>
    public static Option<string> Host() => new("--host")
    {
        Description = "Address to listen on; 127.0.0.1 is for this machine only",
        HelpName = "ADDRESS",
        DefaultValueFactory = _ => "127.0.0.1",
    };
}
