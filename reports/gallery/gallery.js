'use strict';
(() => {
  const $ = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const form = $('#filter'), screens = all('.screen'), total = all('.shot').length;
  form.hidden = false;

  const values = () => {
    const params = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (value.trim()) params.append(name, value.trim());
    return params;
  };

  // Nothing chosen of a kind means all of it.
  const apply = () => {
    const want = values();
    const wanted = (name, value) => !want.has(name) || want.getAll(name).includes(value);
    const words = (want.get('q') || '').toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const screen of screens) {
      const text = screen.dataset.words.toLowerCase();
      let any = false;
      for (const row of all('.row', screen)) {
        const inRow = wanted('lang', row.dataset.lang) && words.every((word) => text.includes(word));
        let some = false;
        for (const item of all('li', row)) {
          item.hidden = !(inRow && wanted('theme', item.dataset.theme) && wanted('width', item.dataset.width));
          if (!item.hidden) { some = true; shown++; }
        }
        row.hidden = !some;
        any ||= some;
      }
      screen.hidden = !any;
    }
    $('#nothing').hidden = shown > 0;
    $('#shown').textContent = shown === total ? `${shown} pictures` : `${shown} of ${total} pictures`;
    $('[data-clear]', form).disabled = want.size === 0;
  };

  const remember = () => history.replaceState(null, '', '#' + values());

  // The hash is either the name of a screen, to which the browser scrolls, or a filter, which is applied.
  const fromHash = () => {
    const hash = location.hash.slice(1);
    if (hash && document.getElementById(hash)) return;
    const want = new URLSearchParams(hash);
    form.reset();
    for (const field of form.elements) {
      if (!field.name || !want.has(field.name)) continue;
      if (field.type === 'checkbox') field.checked = want.getAll(field.name).includes(field.value);
      else field.value = want.get(field.name);
    }
    apply();
  };

  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('input', () => { apply(); remember(); });
  addEventListener('hashchange', fromHash);

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
    $('.scroll', viewer).scrollTop = 0;
  };
  const turn = (by) => { if (shots[at + by]) { at += by; show(); } };
  document.addEventListener('click', (event) => {
    const control = event.target.closest('button, a.shot');
    if (!control) return;
    if ('clear' in control.dataset) { form.reset(); apply(); remember(); $('#q').focus(); }
    if (control.matches('a.shot') && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      shots = all('a.shot').filter((shot) => !shot.closest('[hidden]'));
      at = shots.indexOf(control);
      show();
      viewer.showModal();
    }
  });
  viewer.addEventListener('click', (event) => {
    if (event.target === viewer || 'close' in event.target.dataset) viewer.close();
    if (event.target.dataset.step) turn(Number(event.target.dataset.step));
  });
  viewer.addEventListener('close', () => shots[at]?.focus());
  viewer.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowLeft') turn(-1);
    if (event.key === 'ArrowRight') turn(1);
  });

  apply();
  if (location.hash) fromHash();
})();
