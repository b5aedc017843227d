namespace ComfyServe.Training.Stages;

/// <summary>What a training run is told.</summary>
public sealed record TrainingOptions
{
    /// <summary>Folder for states, sample grids and the loss log; made where it is missing.</summary>
    public required string Folder { get; init; }

    /// <summary>The checkpoint to write.</summary>
    public required string Output { get; init; }

    /// <summary>Seed of data, first weights and noise. Default 1.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>A checkpoint whose autoencoder is taken instead of training one; null trains one.</summary>
    public string? Autoencoder { get; init; }

    /// <summary>How long the autoencoder trains. Default 18 minutes.</summary>
    public TimeSpan AutoencoderTime { get; init; } = TimeSpan.FromMinutes(18);

    /// <summary>How long the text encoder and the UNet train. Default 90 minutes.</summary>
    public TimeSpan DenoiserTime { get; init; } = TimeSpan.FromMinutes(90);

    /// <summary>How long the decoder goes on alone at the end. Default 20 minutes.</summary>
    public TimeSpan DecoderTime { get; init; } = TimeSpan.FromMinutes(20);

    /// <summary>How often the state is written. Default 3 minutes.</summary>
    public TimeSpan SaveInterval { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>Threads that each take a share of every batch. Default 2.</summary>
    public int Workers { get; init; } = 2;

    /// <summary>Pictures of one step of the second stage, over all workers. Default 32.</summary>
    public int Batch { get; init; } = 32;
}
