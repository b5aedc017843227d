using System.CommandLine;
using ComfyServe.Hosting.Logging;
using ComfyServe.Provisioning.Running;
using Microsoft.Extensions.Logging;
using Spectre.Console;

namespace ComfyServe.Cli;

/// <summary><c>comfyserve provision</c>: brings this machine to what a manifest wants.</summary>
internal static class ProvisionVerb
{
    public static Command Build()
    {
        var manifest = new Argument<string?>("MANIFEST")
        {
            Description = "URL or path of a manifest (default: PROVISIONING_MANIFEST, and the other PROVISIONING_ variables)",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var check = new Option<bool>("--check") { Description = "Only tell what is not right; change nothing" };
        var force = new Option<bool>("--force") { Description = "Do again what was done; files whose SHA-256 is right stay" };
        var data = Options.Data();
        var command = Verb.Create(
            "provision",
            "Fetches models, node packs and packages, and runs commands, as a manifest says; does only what is not right yet",
            "comfyserve provision deploy/provisioning.yaml",
            "comfyserve provision https://example.org/provisioning.yaml --check");
        command.Arguments.Add(manifest);
        command.Options.Add(check);
        command.Options.Add(force);
        command.Options.Add(data);
        return command.Does((parsed, cancellationToken) => RunAsync(
            new ProvisioningOptions
            {
                DataFolder = DataFolder.Resolve(parsed.GetValue(data)),
                Manifest = parsed.GetValue(manifest),
                CheckOnly = parsed.GetValue(check),
                Force = parsed.GetValue(force),
            },
            cancellationToken));
    }

    private static async Task<int> RunAsync(ProvisioningOptions options, CancellationToken cancellationToken)
    {
        if (options.Manifest is null && !ProvisioningOptions.IsAsked(options.Environment))
        {
            throw new UsageException("nothing to provision: name a manifest, or set PROVISIONING_MANIFEST or another PROVISIONING_ variable (docs/reference/provisioning.md)");
        }

        if (options.Manifest is { } named && !WebUrl.TryParse(named, out _) && !File.Exists(named))
        {
            throw new UsageException($"there is no manifest '{named}'; name a file, or an http or https URL");
        }

        using var loggers = LoggerFactory.Create(logging => logging.AddServiceLogging().SetMinimumLevel(LogLevel.Warning).AddFilter<Microsoft.Extensions.Logging.Console.ConsoleLoggerProvider>(typeof(Provisioner).FullName, LogLevel.None));
        var report = await DownloadBars.ShowAsync(bars => new Provisioner(options, TimeProvider.System, loggers).RunAsync(bars, cancellationToken));
        foreach (var mistake in report.Mistakes)
        {
            Console.Error.WriteLine(mistake);
        }

        if (report.Mistakes.Count > 0)
        {
            return Verb.Fail($"{Output.Count(report.Mistakes.Count, "mistake")}; nothing was done", ExitCodes.Usage);
        }

        Print(report);
        if (report.Succeeded)
        {
            return ExitCodes.Success;
        }

        var log = Path.Combine(options.DataFolder, ".provisioning", "provisioning.log");
        var failures = report.Steps.Count(s => s.Outcome == StepOutcome.Failed);
        return Verb.Fail(
            failures > 0 ? $"{failures} of {Output.Count(report.Steps.Count, "step")} failed{(File.Exists(log) ? $"; what the commands said is in '{log}'" : "")}"
                : $"{report.Steps.Count(s => s.Outcome == StepOutcome.Wanted)} of {Output.Count(report.Steps.Count, "step")} not done yet",
            ExitCodes.NotRight);
    }

    private static void Print(ProvisioningReport report)
    {
        foreach (var step in report.Steps)
        {
            var (word, colour) = step.Outcome switch
            {
                StepOutcome.Done => ("done", "green"),
                StepOutcome.AlreadyRight => ("right", "grey"),
                StepOutcome.Wanted => ("wanted", "yellow"),
                StepOutcome.Skipped => ("skipped", "grey"),
                StepOutcome.NotTried => ("not tried", "yellow"),
                _ => ("FAILED", "red"),
            };
            var message = step.Message is null ? "" : $": {Markup.Escape(step.Message)}";
            Output.MarkupLine($"[{colour}]{word,-9}[/] {step.Phase,-9} {Markup.Escape(step.Name)}{message}");
        }

        if (report.BytesTransferred > 0)
        {
            Console.WriteLine($"{Output.Size(report.BytesTransferred)} transferred, {Output.Size(report.BytesResumed)} kept from an earlier run");
        }
    }
}
