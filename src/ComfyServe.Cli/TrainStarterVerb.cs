using System.CommandLine;
using ComfyServe.Training.Stages;
using Spectre.Console;

namespace ComfyServe.Cli;

/// <summary><c>comfyserve train-starter</c>: trains the starter checkpoint on this machine's processor.</summary>
internal static class TrainStarterVerb
{
    private const long LeastRoom = 256 << 20; // states of three stages, and the checkpoint

    public static Command Build()
    {
        var standard = new TrainingOptions { Folder = "", Output = "" };
        var folder = new Option<string>("--folder") { Description = "Folder for states and sample grids; a stopped training goes on from it (default data/training)", HelpName = "DIR" };
        var output = new Option<string>("--output") { Description = "Checkpoint to write (default starter.safetensors in the folder)", HelpName = "FILE" };
        var given = new Option<string>("--autoencoder") { Description = "Checkpoint whose autoencoder is taken instead of training one", HelpName = "FILE" };
        var autoencoder = Minutes("--autoencoder-minutes", "How long the autoencoder trains", standard.AutoencoderTime);
        var denoiser = Minutes("--denoiser-minutes", "How long text encoder and UNet train", standard.DenoiserTime);
        var decoder = Minutes("--decoder-minutes", "How long the decoder goes on alone at the end", standard.DecoderTime);
        var workers = new Option<int>("--workers") { Description = $"Threads (default {standard.Workers})", DefaultValueFactory = _ => standard.Workers }.Between(1, 1024);
        var seed = new Option<ulong>("--seed") { Description = $"Seed of data, first weights and noise (default {standard.Seed})", DefaultValueFactory = _ => standard.Seed }.Between(0ul, ulong.MaxValue);
        var command = Verb.Create(
            "train-starter",
            "Trains the starter checkpoint on drawn shapes and scenes; stop with Ctrl-C and go on with the same command",
            "comfyserve train-starter --folder data/training",
            "comfyserve train-starter --folder /tmp/try --autoencoder-minutes 1 --denoiser-minutes 1 --decoder-minutes 1");
        foreach (var option in (Option[])[folder, output, given, autoencoder, denoiser, decoder, workers, seed])
        {
            command.Options.Add(option);
        }

        return command.Does(async (parsed, cancellationToken) =>
        {
            var where = Path.GetFullPath(parsed.GetValue(folder) ?? Path.Combine(DataFolder.Resolve(null), "training"));
            var options = new TrainingOptions
            {
                Folder = where,
                Output = Path.GetFullPath(parsed.GetValue(output) ?? Path.Combine(where, "starter.safetensors")),
                Seed = parsed.GetValue(seed),
                Autoencoder = parsed.GetValue(given),
                Workers = parsed.GetValue(workers),
                AutoencoderTime = TimeSpan.FromMinutes(parsed.GetValue(autoencoder)),
                DenoiserTime = TimeSpan.FromMinutes(parsed.GetValue(denoiser)),
                DecoderTime = TimeSpan.FromMinutes(parsed.GetValue(decoder)),
            };
            OutputPlace.Check(where, "--folder", LeastRoom);
            OutputPlace.Check(Path.GetDirectoryName(options.Output)!, "--output", LeastRoom);
            await AnsiConsole.Progress().StartAsync(async bars =>
            {
                var shown = new Dictionary<string, ProgressTask>();
                var progress = new Progress<TrainingProgress>(p => Show(bars, shown, p));
                await Task.Run(() => new StarterTraining(options, TimeProvider.System, Console.Error.WriteLine).Run(progress, cancellationToken), cancellationToken);
            });
            Console.WriteLine($"{options.Output} ({Output.Size(new FileInfo(options.Output).Length)}); sample grid: {Path.Combine(where, "samples.png")}");
            return ExitCodes.Success;
        });
    }

    private static Option<double> Minutes(string name, string description, TimeSpan standard)
    {
        var option = new Option<double>(name)
        {
            Description = $"{description}, in minutes (default {standard.TotalMinutes})",
            HelpName = "MINUTES",
            DefaultValueFactory = _ => standard.TotalMinutes,
        };
        return option.Between(0.001, 1_000_000);
    }

    private static void Show(ProgressContext bars, Dictionary<string, ProgressTask> shown, TrainingProgress progress)
    {
        if (!shown.TryGetValue(progress.Stage, out var bar))
        {
            bar = bars.AddTask(progress.Stage, maxValue: 1);
            shown.Add(progress.Stage, bar);
        }

        bar.Value = progress.Share;
        bar.Description = $"{progress.Stage}: step {progress.Step}, loss {progress.Loss:0.0000}, {progress.SamplesPerSecond:0}/s";
    }
}
