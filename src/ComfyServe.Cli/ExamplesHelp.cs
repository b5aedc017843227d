using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace ComfyServe.Cli;

/// <summary>The usual help page, and the verb's examples below it.</summary>
internal sealed class ExamplesHelp(HelpAction page) : SynchronousCommandLineAction
{
    private static readonly string[] First =
    [
        "comfyserve doctor                            what this machine lacks",
        "comfyserve run samples/text-to-image.json    one picture",
        "comfyserve up                                a whole fleet on this machine",
        "comfyserve VERB --help                       more of a verb, with examples",
    ];

    /// <summary>Puts the examples on the help page of every verb below a root.</summary>
    public static void AddTo(RootCommand root)
    {
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new ExamplesHelp((HelpAction)help.Action!);
    }

    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        var exitCode = page.Invoke(parseResult);
        var (title, lines) = parseResult.CommandResult.Command switch
        {
            RootCommand => ("Start with:", First),
            VerbCommand verb => ("Examples:", verb.Examples),
            _ => ("", (IReadOnlyList<string>)[]),
        };
        if (lines.Count > 0)
        {
            var output = parseResult.InvocationConfiguration.Output;
            output.WriteLine(title);
            foreach (var line in lines)
            {
                output.WriteLine($"  {line}");
            }

            output.WriteLine();
        }

        return exitCode;
    }
}
