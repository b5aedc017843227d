namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary>The samplers by the names that workflows use.</summary>
public static class SamplerCatalog
{
    private static readonly Dictionary<string, SamplerEntry> ByName = new(StringComparer.Ordinal)
    {
        ["euler"] = new(new EulerSampler()),
        ["euler_cfg_pp"] = new(new EulerCfgPlusPlusSampler(eta: 0)),
        ["euler_ancestral"] = new(new EulerAncestralSampler()),
        ["euler_ancestral_cfg_pp"] = new(new EulerCfgPlusPlusSampler(eta: 1)),
        ["heun"] = new(new HeunSampler()),
        ["heunpp2"] = new(new HeunThreeSlopesSampler()),
        ["dpm_2"] = new(new MidpointSampler(eta: 0), SkipsPenultimate: true),
        ["dpm_2_ancestral"] = new(new MidpointSampler(eta: 1), SkipsPenultimate: true),
        ["lms"] = new(new LinearMultistepSampler()),
        ["dpm_fast"] = new(new DpmFastSampler()),
        ["dpm_adaptive"] = new(new DpmAdaptiveSampler(new DpmAdaptiveOptions())),
        ["dpmpp_2s_ancestral"] = new(new DpmPlusPlus2SAncestralSampler()),
        ["dpmpp_2s_ancestral_cfg_pp"] = new(new DpmPlusPlus2SCfgPlusPlusSampler()),
        ["dpmpp_sde"] = new(new DpmPlusPlusSdeSampler(), UsesBrownianPath: true),
        ["dpmpp_sde_gpu"] = new(new DpmPlusPlusSdeSampler(), UsesBrownianPath: true),
        ["dpmpp_2m"] = new(new DpmPlusPlus2MSampler()),
        ["dpmpp_2m_cfg_pp"] = new(new DpmPlusPlus2MCfgPlusPlusSampler()),
        ["dpmpp_2m_sde"] = new(new DpmPlusPlus2MSdeSampler(), UsesBrownianPath: true),
        ["dpmpp_2m_sde_gpu"] = new(new DpmPlusPlus2MSdeSampler(), UsesBrownianPath: true),
        ["dpmpp_2m_sde_heun"] = new(new DpmPlusPlus2MSdeSampler(heun: true), UsesBrownianPath: true),
        ["dpmpp_2m_sde_heun_gpu"] = new(new DpmPlusPlus2MSdeSampler(heun: true), UsesBrownianPath: true),
        ["dpmpp_3m_sde"] = new(new DpmPlusPlus3MSdeSampler(), UsesBrownianPath: true),
        ["dpmpp_3m_sde_gpu"] = new(new DpmPlusPlus3MSdeSampler(), UsesBrownianPath: true),
        ["ddpm"] = new(new DdpmSampler()),
        ["lcm"] = new(new LcmSampler()),
        ["ipndm"] = new(new PseudoNumericalSampler()),
        ["ipndm_v"] = new(new PseudoNumericalVariableSampler()),
        ["deis"] = new(new DeisSampler()),
        ["res_multistep"] = new(new ResMultistepSampler(eta: 0, cfgPlusPlus: false)),
        ["res_multistep_cfg_pp"] = new(new ResMultistepSampler(eta: 0, cfgPlusPlus: true)),
        ["res_multistep_ancestral"] = new(new ResMultistepSampler(eta: 1, cfgPlusPlus: false)),
        ["res_multistep_ancestral_cfg_pp"] = new(new ResMultistepSampler(eta: 1, cfgPlusPlus: true)),
        ["gradient_estimation"] = new(new GradientEstimationSampler(cfgPlusPlus: false)),
        ["gradient_estimation_cfg_pp"] = new(new GradientEstimationSampler(cfgPlusPlus: true)),
        ["er_sde"] = new(new ExtendedReverseSdeSampler()),
        ["seeds_2"] = new(new Seeds2Sampler()),
        ["seeds_3"] = new(new Seeds3Sampler()),
        ["sa_solver"] = new(new StochasticAdamsSampler(reevaluates: false)),
        ["sa_solver_pece"] = new(new StochasticAdamsSampler(reevaluates: true)),
        ["ddim"] = new(new EulerSampler(), RedrawsInpaintNoise: true),
        ["uni_pc"] = new(new UniPcSampler(exponential: false), SkipsPenultimate: true),
        ["uni_pc_bh2"] = new(new UniPcSampler(exponential: true), SkipsPenultimate: true),
    };

    /// <summary>All names, in the order in which ComfyUI lists them.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. ByName.Keys];

    /// <summary>The sampler of that name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static SamplerEntry Get(string name) => ByName.TryGetValue(name, out var entry)
        ? entry
        : throw new ArgumentException($"there is no sampler '{name}'; known are {string.Join(", ", Names)}", nameof(name));
}
