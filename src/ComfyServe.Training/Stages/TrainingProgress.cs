namespace ComfyServe.Training.Stages;

/// <summary>How far a training is.</summary>
/// <param name="Stage">What is trained: "autoencoder" or "denoiser".</param>
/// <param name="Share">Share of the stage's time that is over, 0 to 1.</param>
/// <param name="Step">Optimiser steps so far.</param>
/// <param name="Loss">Running mean of the loss.</param>
/// <param name="SamplesPerSecond">Speed since the last report.</param>
public sealed record TrainingProgress(string Stage, double Share, long Step, double Loss, double SamplesPerSecond);
