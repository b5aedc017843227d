using System.CommandLine;
using System.Text.Json.Nodes;
using ComfyServe.Cli.Fleet;
using Spectre.Console;

namespace ComfyServe.Cli;

/// <summary><c>comfyserve variables</c>: the environment variables that the account hands to its workers. Values are never shown.</summary>
internal static class VariablesVerb
{
    private const string Path = "/api/v1/variables/";

    public static Command Build()
    {
        var command = Verb.Create("variables", "Lists, sets and removes the variables that every worker gets which a provider starts");
        command.Subcommands.Add(BuildList());
        command.Subcommands.Add(BuildSet());
        command.Subcommands.Add(BuildRemove());
        return command;
    }

    /// <summary>A variable's value: from a file, from our own environment, else from standard input.</summary>
    /// <param name="name">The variable.</param>
    /// <param name="file">A file, or null.</param>
    /// <param name="fromEnvironment">Whether our own variable of that name is meant.</param>
    /// <param name="environment">Reads our own variable.</param>
    /// <param name="input">Standard input, to its end.</param>
    /// <exception cref="UsageException">There is none.</exception>
    internal static string ValueOf(string name, string? file, bool fromEnvironment, Func<string, string?> environment, Func<string> input)
    {
        if (fromEnvironment)
        {
            return environment(name) is { Length: > 0 } own ? own : throw new UsageException($"'--from-env' was given, but '{name}' is not set here, or empty");
        }

        try
        {
            // As a shell's $(…): the line end that editors and echo add is not part of it.
            var value = (file is null ? input() : File.ReadAllText(file)).TrimEnd('\r', '\n');
            return value.Length > 0 ? value : throw new UsageException(
                $"{(file is null ? "standard input" : $"'{file}'")} has no value for '{name}': give it with '--file' or '--from-env', or pipe it in; 'comfyserve variables remove {name}' removes a variable");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"'{file}' cannot be read: {FailureText.Of(error)}");
        }
    }

    private static Command BuildList()
    {
        var command = Verb.Create("list", "Lists the names of the account's variables, and when they were set", "comfyserve variables list");
        var fleet = FleetOptions.For(command);
        return command.Does(async (parsed, cancellationToken) =>
        {
            using var gateway = fleet.Connect(parsed);
            var variables = await gateway.CallAsync(HttpMethod.Get, Path, null, cancellationToken);
            if (fleet.Json(parsed))
            {
                Sheet.Json(new JsonObject { ["variables"] = variables.DeepClone() });
                return ExitCodes.Success;
            }

            var rows = (variables as JsonArray ?? []).OfType<JsonObject>().Select(static v => new JsonObject { ["name"] = (string?)v["name"], ["set"] = Output.Moment((double?)v["updated_at"]) });
            AnsiConsole.Write(Sheet.Of(rows, ("name", "name"), ("set", "set")));
            return ExitCodes.Success;
        });
    }

    private static Command BuildSet()
    {
        var name = Name();
        var file = new Option<string?>("--file") { Description = "File that holds the value", HelpName = "FILE" };
        var fromEnvironment = new Option<bool>("--from-env") { Description = "Take the value from the variable of the same name of this shell" };
        var command = Verb.Create(
            "set",
            "Sets a variable; the value comes from a prompt, standard input, a file or this shell's environment, never from the command line, which others see",
            "comfyserve variables set HF_TOKEN",
            "comfyserve variables set HF_TOKEN --from-env",
            "comfyserve variables set CIVITAI_TOKEN --file token.txt");
        command.Arguments.Add(name);
        command.Options.Add(file);
        command.Options.Add(fromEnvironment);
        command.Validators.Add(result =>
        {
            if (result.GetValue(file) is not null && result.GetValue(fromEnvironment))
            {
                result.AddError("'--file' and '--from-env' exclude each other");
            }
        });
        var fleet = FleetOptions.For(command);
        return command.Does(async (parsed, cancellationToken) =>
        {
            using var gateway = fleet.Connect(parsed);
            var variable = parsed.GetRequiredValue(name);
            var value = ValueOf(variable, parsed.GetValue(file), parsed.GetValue(fromEnvironment), Environment.GetEnvironmentVariable, () => Ask(variable));
            var answer = await gateway.CallAsync(HttpMethod.Put, Path + Uri.EscapeDataString(variable), new JsonObject { ["value"] = value }, cancellationToken);
            Sheet.Answer(fleet.Json(parsed), answer, $"'{variable}' is set; workers get it at their next start ('comfyserve workers update GROUP' starts them anew)");
            return ExitCodes.Success;
        });
    }

    private static Command BuildRemove()
    {
        var name = Name();
        var command = Verb.Create("remove", "Removes a variable", "comfyserve variables remove HF_TOKEN");
        command.Arguments.Add(name);
        var fleet = FleetOptions.For(command);
        return command.Does(async (parsed, cancellationToken) =>
        {
            using var gateway = fleet.Connect(parsed);
            var variable = parsed.GetRequiredValue(name);
            var answer = await gateway.CallAsync(HttpMethod.Delete, Path + Uri.EscapeDataString(variable), null, cancellationToken);
            Sheet.Answer(fleet.Json(parsed), answer, $"'{variable}' is removed; workers lose it at their next start");
            return ExitCodes.Success;
        });
    }

    private static Argument<string> Name() => new("NAME") { Description = "The variable's name" };

    private static string Ask(string name) => Console.IsInputRedirected
        ? Console.In.ReadToEnd()
        : AnsiConsole.Prompt(new TextPrompt<string>($"Value of [bold]{Markup.Escape(name)}[/]:").Secret(null).Validate(static v => v.Length > 0, "A value is wanted; Ctrl+C leaves the variable as it is"));
}
