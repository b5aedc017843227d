using System.CommandLine;
using System.Text.Json;
using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Runtime;
using ComfyServe.Diffusion.Sampling.Samplers;
using ComfyServe.Diffusion.Sampling.Schedules;
using ComfyServe.Training.Evaluation;
using Spectre.Console;

namespace ComfyServe.Cli;

/// <summary><c>comfyserve evaluate-starter</c>: draws prompts that training never showed and counts what is right.</summary>
internal static class EvaluateStarterVerb
{
    public static Command Build()
    {
        var standard = new SamplingSettings();
        var checkpoint = new Option<string>("--checkpoint") { Description = "Checkpoint to judge (default the one that comes with ComfyServe)", HelpName = "FILE" };
        var singles = Number("--singles", "Prompts for one shape", 200, 100_000);
        var pairs = Number("--pairs", "Prompts for two shapes", 100, 100_000);
        var steps = Number("--steps", "Sampling steps", standard.Steps, 10_000);
        var side = Number("--side", "Side of a picture, a multiple of 8", standard.Side, 4096);
        var guidance = new Option<double>("--cfg") { Description = $"Guidance (default {standard.Guidance})", DefaultValueFactory = _ => standard.Guidance }.Between(0, 1000);
        var sampler = new Option<string>("--sampler") { Description = $"Sampler (default {standard.Sampler})", DefaultValueFactory = _ => standard.Sampler }.OneOf(SamplerCatalog.Names);
        var scheduler = new Option<string>("--scheduler") { Description = $"Scheduler (default {standard.Scheduler})", DefaultValueFactory = _ => standard.Scheduler }.OneOf(Schedulers.Names);
        var seed = Number("--seed", "Chooses prompts and seeds", 7, int.MaxValue);
        var json = Options.Json();
        var command = Verb.Create(
            "evaluate-starter",
            "Draws prompts that the starter checkpoint never saw and counts what is right, by plain image analysis",
            "comfyserve evaluate-starter",
            "comfyserve evaluate-starter --singles 40 --pairs 20 --json");
        foreach (var option in (Option[])[checkpoint, singles, pairs, steps, side, guidance, sampler, scheduler, seed, json])
        {
            command.Options.Add(option);
        }

        return command.Does(async (parsed, cancellationToken) =>
        {
            TorchRuntime.Initialize();
            var settings = new SamplingSettings
            {
                Side = parsed.GetValue(side) is var pixels && pixels % 8 == 0 ? pixels : throw new UsageException($"'--side' must be a multiple of 8 but is {pixels}"),
                Steps = parsed.GetValue(steps),
                Guidance = parsed.GetValue(guidance),
                Sampler = parsed.GetValue(sampler)!,
                Scheduler = parsed.GetValue(scheduler)!,
            };
            using var loaded = Checkpoint.Load(Find(parsed.GetValue(checkpoint)), ComputeFormat.Fp32);
            var evaluation = new StarterEvaluation(loaded, settings, TimeProvider.System);
            EvaluationReport? report = null;
            await AnsiConsole.Progress().StartAsync(async bars =>
            {
                var bar = bars.AddTask("drawing", maxValue: 1);
                var progress = new Progress<double>(share => bar.Value = share);
                report = await Task.Run(
                    () => evaluation.Run(parsed.GetValue(singles), parsed.GetValue(pairs), parsed.GetValue(seed), progress, cancellationToken), cancellationToken);
            });
            Print(report!, parsed.GetValue(json));
            return ExitCodes.Success;
        });
    }

    private static string Find(string? given)
    {
        var path = given ?? DataFolder.BuiltInModels().Select(m => Path.Combine(m, "checkpoints", "comfyserve-starter.safetensors")).FirstOrDefault(File.Exists);
        return path is not null && File.Exists(path)
            ? path
            : throw new UsageException($"there is no checkpoint '{given ?? "models/checkpoints/comfyserve-starter.safetensors"}'; name one with '--checkpoint FILE'");
    }

    private static Option<int> Number(string name, string description, int standard, int most)
    {
        var option = new Option<int>(name) { Description = $"{description} (default {standard})", HelpName = "N", DefaultValueFactory = _ => standard };
        return option.Between(1, most);
    }

    private static void Print(EvaluationReport report, bool json)
    {
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(report, Output.Json));
            return;
        }

        var table = new Table().Border(TableBorder.None).AddColumns("what", "right", "of");
        void Add(string what, double share, int count) => table.AddRow(what, $"{share:P1}", $"{count}");
        Add("one shape: background", report.Background, report.Singles);
        Add("one shape: colour", report.Color, report.Singles);
        Add("one shape: shape", report.Shape, report.Singles);
        Add("one shape: all three", report.SingleAll, report.Singles);
        Add("two shapes: both with their colours", report.PairBoth, report.Pairs);
        Add("two shapes: and placed as asked", report.PairPlaced, report.Pairs);
        Add("two shapes: background", report.PairBackground, report.Pairs);
        foreach (var (guidance, share) in report.SingleAllByGuidance)
        {
            Add($"one shape: all three at cfg {guidance}", share, Math.Min(40, report.Singles));
        }

        AnsiConsole.Write(table);
        Console.WriteLine($"brightness of 'a circle': {report.BrightnessWithoutBlack:0.00} with negative 'black background', {report.BrightnessWithoutWhite:0.00} with negative 'white background'");
        Console.WriteLine($"{report.SecondsPerPicture:0.0} s a picture");
    }
}
