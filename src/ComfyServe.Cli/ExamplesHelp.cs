using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace ComfyServe.Cli;

/// <summary>The usual help page, and the verb's examples below it.</summary>
internal sealed class ExamplesHelp(HelpAction page) : SynchronousCommandLineAction
{
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
        if (parseResult.CommandResult.Command is VerbCommand { Examples.Count: > 0 } verb)
        {
            var output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Examples:");
            foreach (var example in verb.Examples)
            {
                output.WriteLine($"  {example}");
            }

            output.WriteLine();
        }

        return exitCode;
    }
}
