using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using System.Text.Json;
using ComfyServe.Api.Settings;
using ComfyServe.Cli.Run;
using ComfyServe.Hosting.Supervision;
using ComfyServe.Jobs;

namespace ComfyServe.Cli;

/// <summary>Makes commands whose failures become messages on standard error and stable exit codes.</summary>
internal static class Verb
{
    /// <summary>Creates a command.</summary>
    /// <param name="name">The word on the command line.</param>
    /// <param name="description">What it does, in one sentence.</param>
    /// <param name="examples">Whole command lines that <c>--help</c> shows.</param>
    public static Command Create(string name, string description, params string[] examples) => new VerbCommand(name, description, examples);

    /// <summary>Sets what the command does, and turns what it throws into an exit code.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "The top of the program: a defect becomes a message and exit code 4.")]
    public static Command Does(this Command command, Func<ParseResult, CancellationToken, Task<int>> action)
    {
        command.SetAction(async (parsed, cancellationToken) =>
        {
            // Until the action has given its task back, a signal would end it with a code of the library's own.
            await Task.Yield();
            int Fail(string message, int exitCode) => Verb.Fail(message, exitCode, IsJsonAsked(parsed) ? Console.Out : null);
            try
            {
                return await action(parsed, cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return Fail("stopped", ExitCodes.Cancelled);
            }
            catch (UsageException error)
            {
                return Fail(error.Message, ExitCodes.Usage);
            }
            catch (ProgramFailedException error)
            {
                return Fail(error.Message, error.End.ExitCode == ExitCodes.Usage ? ExitCodes.Usage : ExitCodes.Internal);
            }
            catch (LedgerUnavailableException error)
            {
                return Fail(error.Message, ExitCodes.Unreachable);
            }
            catch (ApiSettingsException error)
            {
                return Fail(error.Message, ExitCodes.Usage);
            }
            catch (RefusedException error)
            {
                return Fail(error.Message, ExitCodes.WorkflowFailed);
            }
            catch (Exception error) when (error is HttpRequestException or SocketException)
            {
                return Fail(FailureText.Of(error), ExitCodes.Unreachable);
            }
            catch (Exception error)
            {
                var verbose = Environment.GetEnvironmentVariable("COMFYSERVE_DEBUG") is "1";
                return Fail(verbose ? error.ToString() : FailureText.Of(error), ExitCodes.Internal);
            }
        });
        return command;
    }

    /// <summary>Writes a message to standard error.</summary>
    /// <param name="message">What failed, and what to do.</param>
    /// <param name="exitCode">The program's exit code.</param>
    /// <param name="json">Gets the same as one JSON object, for a caller who asked for it with <c>--json</c>.</param>
    /// <returns><paramref name="exitCode"/>.</returns>
    public static int Fail(string message, int exitCode, TextWriter? json = null)
    {
        Console.Error.WriteLine($"comfyserve: {message}");
        json?.WriteLine(JsonSerializer.Serialize(new { Error = new { Message = message, ExitCode = exitCode } }, Output.Json));
        return exitCode;
    }

    /// <summary>Whether a command was given <c>--json</c>, also where the rest of its line is wrong.</summary>
    private static bool IsJsonAsked(ParseResult parsed) =>
        parsed.CommandResult.Children.OfType<OptionResult>().Any(static o => o is { Implicit: false, Option: Option<bool> { Name: "--json" } });

    /// <summary>Whether there are errors; whoever asks for help made none.</summary>
    public static bool IsRefused(ParseResult parsed) => parsed.Errors.Count > 0 && parsed.Action is not { ClearsParseErrors: true };

    /// <summary>Reports all mistakes of a command line.</summary>
    /// <returns>The exit code for them.</returns>
    public static int Refuse(ParseResult parsed) => Refuse(parsed, Console.Out, Console.Error);

    /// <summary>Reports all mistakes of a command line: those of a verb that is missing by the page that lists the verbs.</summary>
    internal static int Refuse(ParseResult parsed, TextWriter output, TextWriter errors)
    {
        var lacksVerb = parsed.CommandResult.Command is { Action: null, Subcommands.Count: > 0 };
        if (lacksVerb && parsed.UnmatchedTokens.Count == 0)
        {
            // Nothing was said, so nothing can be wrong with it: the page says what there is.
            parsed.InvocationConfiguration.Output = output;
            var help = parsed.RootCommandResult.Command.Options.OfType<HelpOption>().Single();
            ((SynchronousCommandLineAction)help.Action!).Invoke(parsed);
            return ExitCodes.Usage;
        }

        List<string> messages = lacksVerb ? [$"there is no command '{parsed.UnmatchedTokens[0]}' here"] : [.. parsed.Errors.Select(static e => OptionChecks.Complaint(e) ?? e.Message)];
        foreach (var message in messages)
        {
            errors.WriteLine($"comfyserve: {message}");
        }

        if (IsJsonAsked(parsed))
        {
            output.WriteLine(JsonSerializer.Serialize(new { Error = new { Message = string.Join("; ", messages), ExitCode = ExitCodes.Usage } }, Output.Json));
        }

        var words = new List<string>();
        for (SymbolResult? at = parsed.CommandResult; at is CommandResult { Parent: not null } command; at = at.Parent)
        {
            words.Insert(0, command.Command.Name);
        }

        errors.WriteLine($"comfyserve: see 'comfyserve {string.Join(' ', [.. words, "--help"])}'");
        return ExitCodes.Usage;
    }
}
