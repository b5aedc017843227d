using ComfyServe.Engine.Images;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;
using static TorchSharp.torch;

namespace ComfyServe.Engine.Nodes.Latents;

/// <summary>Nodes that join, split and repeat batches of latents.</summary>
[NodeFamily("comfy_extras.nodes_latent", Schema = NodeSchema.V3)]
internal static class LatentBatchNodes
{
    private const string Category = "latent/batch";

    [Node("LatentFromBatch", Display = "Latent From Batch", Category = Category, Module = "nodes", Schema = NodeSchema.V1)]
    public static Latent Take(
        Latent samples,
        [Input(Default = 0, Min = 0, Max = 63)] long batch_index,
        [Input(Default = 1, Min = 1, Max = 64)] long length)
    {
        var count = samples.Samples.shape[0];
        var first = Math.Min(count - 1, batch_index);
        var taken = Math.Min(count - first, length);
        var mask = samples.NoiseMask;
        if (mask is not null && mask.shape[0] > 1)
        {
            mask = BatchSize.Match(mask, count).narrow(0, first, taken).clone();
        }

        return new Latent
        {
            Samples = samples.Samples.narrow(0, first, taken).clone(),
            NoiseMask = mask,
            BatchIndex = [.. LatentShapes.BatchIndex(samples).Skip((int)first).Take((int)taken)],
        };
    }

    [Node("RepeatLatentBatch", Display = "Repeat Latent Batch", Category = Category, Module = "nodes", Schema = NodeSchema.V1, Memory = nameof(NodeMemory.OfRepeatedLatents), MemorySource = typeof(NodeMemory))]
    public static Latent Repeat(Latent samples, [Input(Default = 1, Min = 1, Max = 64)] long amount)
    {
        var mask = samples.NoiseMask;
        if (mask is not null && mask.shape[0] > 1)
        {
            mask = BatchSize.Match(mask, samples.Samples.shape[0]);
            mask = LargeTensors.Repeat(mask, amount);
        }

        IReadOnlyList<long>? index = null;
        if (samples.BatchIndex is { } places)
        {
            // Each repeat gets noise of its own, behind that of the one before.
            var offset = places.Max() - places.Min() + 1;
            index = [.. Enumerable.Range(0, (int)amount).SelectMany(repeat => places.Select(place => place + (offset * repeat)))];
        }

        return new Latent { Samples = LargeTensors.Repeat(samples.Samples, amount), NoiseMask = mask, BatchIndex = index };
    }

    [Node("LatentBatch", Category = Category, Memory = nameof(NodeMemory.OfTwoLatents), MemorySource = typeof(NodeMemory))]
    public static Latent Join(Latent samples1, Latent samples2) => samples1 with
    {
        Samples = cat([samples1.Samples, LatentShapes.MatchSize(samples2.Samples, samples1.Samples)], 0),
        BatchIndex = [.. LatentShapes.BatchIndex(samples1), .. LatentShapes.BatchIndex(samples2)],
    };

    [Node("LatentBatchSeedBehavior", Category = "latent/advanced")]
    public static Latent ChooseNoise(Latent samples, [Choices("random", "fixed"), Input(Default = "fixed")] string seed_behavior)
    {
        if (seed_behavior == "random")
        {
            return samples with { BatchIndex = null };
        }

        var first = samples.BatchIndex is { Count: > 0 } places ? places[0] : 0;
        return samples with { BatchIndex = [.. Enumerable.Repeat(first, (int)samples.Samples.shape[0])] };
    }

    [Node(
        "RebatchLatents",
        MemoryFactor = 64,
        Display = "Rebatch Latents",
        Category = Category,
        Module = "comfy_extras.nodes_rebatch",
        InputIsList = true)]
    [Outputs("LATENT")]
    public static IReadOnlyList<Latent> Rebatch(
        IReadOnlyList<Latent> latents, [Input(Default = 1, Min = 1, Max = 4096)] IReadOnlyList<long> batch_size)
    {
        var parts = new List<Latent>();
        var run = new List<Latent>();
        foreach (var single in Singles(latents))
        {
            var fits = run.Count == 0 || (SameShape(run[0].Samples, single.Samples) && SameShape(run[0].NoiseMask!, single.NoiseMask!));
            if (run.Count == batch_size[0] || !fits)
            {
                parts.Add(Stack(run));
                run.Clear();
            }

            run.Add(single);
        }

        return run.Count > 0 ? [.. parts, Stack(run)] : parts;
    }

    /// <summary>Every latent of every batch alone, with a mask and with a noise place that no other batch has.</summary>
    private static IEnumerable<Latent> Singles(IReadOnlyList<Latent> latents)
    {
        var processed = 0L;
        foreach (var latent in latents)
        {
            var shape = latent.Samples.shape;
            var mask = latent.NoiseMask ?? ones(shape[0], 1, shape[2] * 8, shape[3] * 8);
            mask = BatchSize.Match(mask.reshape(-1, 1, mask.shape[^2], mask.shape[^1]), shape[0]);
            for (var i = 0L; i < shape[0]; i++)
            {
                yield return new Latent
                {
                    Samples = latent.Samples.narrow(0, i, 1),
                    NoiseMask = mask.narrow(0, i, 1),
                    BatchIndex = [latent.BatchIndex?[(int)i] ?? processed + i],
                };
            }

            processed += shape[0];
        }
    }

    private static Latent Stack(List<Latent> singles)
    {
        var mask = cat([.. singles.Select(l => l.NoiseMask!)], 0);
        return new Latent
        {
            Samples = cat([.. singles.Select(l => l.Samples)], 0),
            NoiseMask = (mask == 1).all().item<bool>() ? null : mask,
            BatchIndex = [.. singles.SelectMany(l => l.BatchIndex!)],
        };
    }

    private static bool SameShape(Tensor a, Tensor b) => a.shape.SequenceEqual(b.shape);
}
