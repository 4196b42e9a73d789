'use strict';
(() => {
  const $ = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const form = $('#filter'), many = $('#filter').dataset.many, journeys = all('details.journey'), groups = all('section.group');
  const said = $('#said');
  form.hidden = false;

  // The text of a journey is collected when it is first searched, for a suite may have megabytes of it.
  const texts = new Map();
  const textOf = (journey) => {
    if (!texts.has(journey)) texts.set(journey, journey.textContent.toLowerCase().replace(/\s+/g, ' '));
    return texts.get(journey);
  };

  const values = () => {
    const data = new FormData(form), params = new URLSearchParams();
    for (const [name, value] of data) if (value.trim()) params.append(name, value.trim());
    return params;
  };

  const matches = (journey, want) => {
    const states = want.getAll('state'), clause = want.get('clause'), label = want.get('label'), driver = want.get('driver');
    if (states.length && !states.includes(journey.dataset.state)) return false;
    if (driver && journey.dataset.driver !== driver) return false;
    if (label && !journey.dataset.labels.includes(' ' + label + ' ')) return false;
    if (clause && !(journey.dataset.clauses || '').includes('|' + clause + '|')) return false;
    const words = (want.get('q') || '').toLowerCase().split(/\s+/).filter(Boolean);
    return words.every((word) => textOf(journey).includes(word));
  };

  const apply = () => {
    const want = values();
    let shown = 0;
    for (const group of groups) {
      const inGroup = !want.get('group') || want.get('group') === group.dataset.group;
      let any = false;
      for (const journey of all('details.journey', group)) {
        journey.hidden = !(inGroup && matches(journey, want));
        if (!journey.hidden) { any = true; shown++; }
      }
      group.hidden = !any;
    }
    $('#nothing').hidden = shown > 0;
    $('#shown').textContent = shown === journeys.length ? `${shown} ${many}` : `${shown} of ${journeys.length} ${many}`;
    $('[data-clear]', form).disabled = want.size === 0;
  };

  const remember = () => history.replaceState(null, '', '#' + values());

  // The hash is either the name of a journey, which is opened, or a filter, which is applied.
  const fromHash = () => {
    const hash = location.hash.slice(1);
    const target = hash && document.getElementById(hash);
    if (target) {
      if (target.matches('details.journey')) {
        if (target.hidden) { form.reset(); apply(); }
        target.open = true;
        target.scrollIntoView();
        $('summary', target).focus({ preventScroll: true });
      }
      return;
    }
    const want = new URLSearchParams(location.hash.slice(1));
    form.reset();
    for (const field of form.elements) {
      if (!field.name || !want.has(field.name)) continue;
      if (field.type === 'checkbox') field.checked = want.getAll(field.name).includes(field.value);
      else field.value = want.get(field.name);
    }
    apply();
    if (want.size) form.scrollIntoView({ block: 'start' });
  };

  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('input', () => { apply(); remember(); });
  addEventListener('hashchange', fromHash);
  $('#q').addEventListener('keydown', (event) => {
    if (event.key === 'Escape') { event.target.value = ''; apply(); remember(); }
  });

  const clear = () => { form.reset(); apply(); remember(); $('#q').focus(); };
  const visible = () => journeys.filter((journey) => !journey.hidden);
  document.addEventListener('click', (event) => {
    const button = event.target.closest('button, a.shot');
    if (!button) return;
    if ('clear' in button.dataset) clear();
    if ('open' in button.dataset) visible().forEach((journey) => { journey.open = true; });
    if ('shut' in button.dataset) journeys.forEach((journey) => { journey.open = false; });
    if ('copy' in button.dataset) copy(button);
    if (button.matches('a.shot') && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      view(button);
    }
  });

  // Up and down walk from journey to journey while one of them has the focus.
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    const here = document.activeElement?.closest('details.journey > summary')?.parentElement;
    if (!here) return;
    const list = visible(), next = list[list.indexOf(here) + (event.key === 'ArrowDown' ? 1 : -1)];
    if (next) { event.preventDefault(); $('summary', next).focus(); }
  });

  const copy = async (button) => {
    const code = button.previousElementSibling;
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      const range = document.createRange();
      range.selectNodeContents(code);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      document.execCommand('copy');
    }
    button.textContent = 'Copied';
    said.textContent = 'Copied';
    setTimeout(() => { button.textContent = 'Copy'; said.textContent = ''; }, 1500);
  };
  all('[data-copy]').forEach((button) => { button.hidden = false; });

  const viewer = $('#viewer');
  let shots = [], at = 0;
  const show = () => {
    const shot = shots[at], image = $('img', viewer);
    image.src = shot.href;
    image.alt = shot.title;
    $('figcaption', viewer).textContent = `${at + 1} of ${shots.length}: ${shot.title}`;
    $('a', viewer).href = shot.href;
    $('[data-step="-1"]', viewer).disabled = at === 0;
    $('[data-step="1"]', viewer).disabled = at === shots.length - 1;
  };
  const view = (shot) => {
    shots = all('a.shot', shot.closest('details.journey'));
    at = shots.indexOf(shot);
    show();
    viewer.showModal();
  };
  const turn = (by) => { if (shots[at + by]) { at += by; show(); } };
  viewer.addEventListener('click', (event) => {
    if (event.target === viewer || 'close' in event.target.dataset) viewer.close();
    if (event.target.dataset.step) turn(Number(event.target.dataset.step));
  });
  viewer.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowLeft') turn(-1);
    if (event.key === 'ArrowRight') turn(1);
  });

  // Paper has no disclosure triangles: what the filter leaves is printed open, and put back afterwards.
  let opened = [];
  addEventListener('beforeprint', () => {
    opened = all('details:not([open])').filter((details) => !details.closest('[hidden]'));
    opened.forEach((details) => { details.open = true; });
  });
  addEventListener('afterprint', () => opened.forEach((details) => { details.open = false; }));

  apply();
  if (location.hash) fromHash();
})();
