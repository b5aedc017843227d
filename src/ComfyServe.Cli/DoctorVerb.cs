using System.CommandLine;
using System.Text.Json;
using ComfyServe.Cli.Doctor;
using Spectre.Console;

namespace ComfyServe.Cli;

/// <summary><c>comfyserve doctor</c>: checks this machine, and says what to do.</summary>
internal static class DoctorVerb
{
    public static Command Build()
    {
        var json = Options.Json();
        var data = Options.Data();
        var command = Verb.Create(
            "doctor",
            "Checks libraries, processor, number format, GPU, memory, ports, disk, object store, database and clock, and says what to do",
            "comfyserve doctor",
            "comfyserve doctor --json");
        command.Options.Add(json);
        command.Options.Add(data);
        return command.Does(async (parsed, cancellationToken) =>
        {
            var findings = await ExamineAsync(DataFolder.Resolve(parsed.GetValue(data)), Environment.GetEnvironmentVariable, cancellationToken);
            var problems = findings.Count(f => f.Level == FindingLevel.Problem);
            if (parsed.GetValue(json))
            {
                var listed = findings.Select(f => new { f.Area, Level = JsonNamingPolicy.SnakeCaseLower.ConvertName(f.Level.ToString()), f.Message, f.Advice });
                Console.WriteLine(JsonSerializer.Serialize(new { Ok = problems == 0, Findings = listed }, Output.Json));
            }
            else
            {
                Print(findings);
            }

            return problems == 0 ? ExitCodes.Success : Verb.Fail($"{problems} {(problems == 1 ? "problem was" : "problems were")} found", ExitCodes.NotRight);
        });
    }

    private static async Task<IReadOnlyList<Finding>> ExamineAsync(string data, Func<string, string?> environment, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };
        var time = TimeProvider.System;
        return
        [
            .. LibraryCheck.Run(),
            .. ProcessorCheck.Run(),
            .. FormatCheck.Run(),
            await GpuCheck.RunAsync(cancellationToken),
            .. await PortCheck.RunAsync(http, environment, cancellationToken),
            .. DiskCheck.Run(data),
            .. await ObjectStoreCheck.RunAsync(http, environment, time, cancellationToken),
            .. await DatabaseCheck.RunAsync(environment("COMFYSERVE_DATABASE"), time, cancellationToken),
            ClockCheck.Run(),
        ];
    }

    private static void Print(IReadOnlyList<Finding> findings)
    {
        foreach (var finding in findings)
        {
            var (word, colour) = finding.Level switch
            {
                FindingLevel.Ok => ("ok", "green"),
                FindingLevel.Warning => ("warning", "yellow"),
                FindingLevel.NotUsed => ("not used", "grey"),
                _ => ("PROBLEM", "red"),
            };
            Output.MarkupLine($"[{colour}]{word,-9}[/] {finding.Area,-13} {Markup.Escape(finding.Message)}");
            if (finding.Advice is not null)
            {
                Output.MarkupLine($"{"",-9} {"",-13} → {Markup.Escape(finding.Advice)}");
            }
        }
    }
}
